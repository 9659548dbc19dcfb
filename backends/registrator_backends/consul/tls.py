"""TLS for Consul's clients, from Consul's own variables."""

import ssl
from collections.abc import Mapping

from registrator.errors import ConfigError
from registrator.tls import client_context, noting

_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


def read_tls(
    options: Mapping[str, str], environment: Mapping[str, str]
) -> ssl.SSLContext:
    """Load certificates and keys; raise `ConfigError` with every mistake.

    *options* are ca, cert and key; each wins over its variable.
    """
    problems: list[str] = []
    verify = True
    with noting(problems):
        verify = flag(environment, "CONSUL_HTTP_SSL_VERIFY", default=True)
    context = client_context(
        problems,
        ca=options.get("ca") or environment.get("CONSUL_CACERT", ""),
        ca_directory=environment.get("CONSUL_CAPATH", ""),
        cert=options.get("cert") or environment.get("CONSUL_CLIENT_CERT", ""),
        key=options.get("key") or environment.get("CONSUL_CLIENT_KEY", ""),
        verify=verify,
    )
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
