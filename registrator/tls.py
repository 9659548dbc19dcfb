"""TLS towards a registry or a source: whom to trust, and who we are."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registrator.errors import ConfigError


def client_context(
    problems: list[str],
    *,
    ca: str = "",
    ca_directory: str = "",
    cert: str = "",
    key: str = "",
    verify: bool = True,
) -> ssl.SSLContext:
    """Load PEM files; every mistake is added to *problems*.

    Those named by *ca* or *ca_directory* are trusted, and they alone; where there
    are none, whom the system trusts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _trust(context, problems, file=ca, directory=ca_directory)
    _identify(context, problems, cert=cert, key=key)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trust(
    context: ssl.SSLContext, problems: list[str], *, file: str, directory: str
) -> None:
    if file:
        with noting(problems, file):
            context.load_verify_locations(file)
    elif directory:
        # Every file, as Consul does; OpenSSL by itself wants names made of hashes.
        with noting(problems, directory):
            for path in filter(Path.is_file, sorted(Path(directory).iterdir())):
                with noting(problems, str(path)):
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
        with noting(problems, path):
            Path(path).read_bytes()
    if cert and key and len(problems) == before:
        with noting(problems, f"{cert} with {key}"):
            # The empty password makes an encrypted key an error, not a prompt.
            context.load_cert_chain(cert, key, password="")


@contextmanager
def noting(problems: list[str], what: str = "") -> Iterator[None]:
    """Add to *problems* what the block raises about *what*, and go on."""
    try:
        yield
    except ConfigError as error:
        problems.extend(error.problems)
    except ssl.SSLError as error:
        reason = error.reason or "not PEM, or locked with a password"
        problems.append(f"{what}: {reason.replace('_', ' ')}")
    except OSError as error:
        problems.append(f"{what}: {error.strerror}")
    except ValueError as error:
        # What can be the name of no file: a zero octet, half a character.
        problems.append(f"{what}: {error}")
