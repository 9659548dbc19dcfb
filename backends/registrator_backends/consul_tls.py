"""TLS for Consul's clients, from Consul's own variables."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from registrator.errors import ConfigError

_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


def read_tls(
    options: Mapping[str, str], environment: Mapping[str, str]
) -> ssl.SSLContext:
    """Load certificates and keys; raise `ConfigError` with every mistake.

    *options* are ca, cert and key; each wins over its variable.
    """
    problems: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _trust(
        context,
        problems,
        file=options.get("ca") or environment.get("CONSUL_CACERT", ""),
        directory=environment.get("CONSUL_CAPATH", ""),
    )
    _identify(
        context,
        problems,
        cert=options.get("cert") or environment.get("CONSUL_CLIENT_CERT", ""),
        key=options.get("key") or environment.get("CONSUL_CLIENT_KEY", ""),
    )
    with _noting(problems):
        if not flag(environment, "CONSUL_HTTP_SSL_VERIFY", default=True):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    if problems:
        raise ConfigError(*problems)
    return context


def flag(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Read a yes or no; raise `ConfigError` where it is neither."""
    value = environment.get(name, "")
    if not value:
        return default
    if value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ConfigError(f"{name}: {value!r} is neither true nor false")


def _trust(
    context: ssl.SSLContext, problems: list[str], *, file: str, directory: str
) -> None:
    """Trust those who are named, and them alone; else whom the system trusts."""
    if file:
        with _noting(problems, file):
            context.load_verify_locations(file)
    elif directory:
        # Every file, as Consul does; OpenSSL by itself wants names made of hashes.
        with _noting(problems, directory):
            for path in filter(Path.is_file, sorted(Path(directory).iterdir())):
                with _noting(problems, str(path)):
                    context.load_verify_locations(path)
    else:
        context.load_default_certs()


def _identify(
    context: ssl.SSLContext, problems: list[str], *, cert: str, key: str
) -> None:
    """Load the client's own certificate, if there is one."""
    if bool(cert) != bool(key):
        problems.append(f"{cert or key}: a client certificate goes with its key")
    before = len(problems)
    for path in filter(None, (cert, key)):
        with _noting(problems, path):
            Path(path).read_bytes()
    if cert and key and len(problems) == before:
        with _noting(problems, f"{cert} with {key}"):
            # The empty password makes an encrypted key an error, not a prompt.
            context.load_cert_chain(cert, key, password="")


@contextmanager
def _noting(problems: list[str], what: str = "") -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        problems.extend(error.problems)
    except ssl.SSLError as error:
        reason = error.reason or "not PEM, or locked with a password"
        problems.append(f"{what}: {reason.replace('_', ' ')}")
    except OSError as error:
        problems.append(f"{what}: {error.strerror}")
