"""The ACL token, from a variable or from a file."""

from collections.abc import Mapping
from pathlib import Path

from registrator.errors import ConfigError
from registrator_backends.secret import Secret


def read_token(options: Mapping[str, str], environment: Mapping[str, str]) -> Secret:
    """Find the token; a file wins over a variable, as with Consul's own client."""
    path = options.get("token_file") or environment.get("CONSUL_HTTP_TOKEN_FILE")
    source = f"token file {path}" if path else "CONSUL_HTTP_TOKEN"
    try:
        if path:
            return Secret(path=Path(path))
        return Secret(environment.get("CONSUL_HTTP_TOKEN", ""))
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from error
