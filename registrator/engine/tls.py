"""The certificates that an engine on the network shows and asks for."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from registrator.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files; without an authority the system's are trusted."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    verify: bool = True
    """False: anybody may pose as the engine; a docker context can ask for that."""

    def context(self) -> ssl.SSLContext:
        """Read the files; raise `ConfigError` naming each that cannot be used."""
        # Not create_default_context: from Python 3.13 on it refuses authorities without
        # a key identifier, which the commands in Docker's own manual used to make.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        problems = [*self._trust(context), *self._identify(context)]
        if problems:
            raise ConfigError(*problems)
        return context

    def _trust(self, context: ssl.SSLContext) -> list[str]:
        if self.authority is None:
            context.load_default_certs()
            return []
        try:
            context.load_verify_locations(self.authority)
        except OSError as error:
            return [_unusable(self.authority, error)]
        return []

    def _identify(self, context: ssl.SSLContext) -> list[str]:
        if self.certificate is None and self.key is None:
            return []
        if self.certificate is None or self.key is None:
            lonely = self.certificate or self.key
            return [f"{lonely}: a certificate and its key only work together"]
        try:
            # Without a password given OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            return [_unusable(self.certificate, error)]
        return []


def _unusable(path: Path, error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{path}: not usable: {error.reason or error}"
    return f"{path}: {(error.strerror or str(error)).lower()}"
