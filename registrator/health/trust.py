"""Whom checks over TLS trust: the system's authorities, and the operator's."""

import ssl
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from registrator.errors import ConfigError
from registrator.tls import client_context, noting


class Trust:
    """TLS as a client, with and without a look at the peer's certificate."""

    def __init__(self, authorities: Path | None, *, speaks: Sequence[str] = ()) -> None:
        """Read *authorities*; raise `ConfigError` where they cannot be read.

        *speaks* are the protocols that are offered in the handshake (ALPN).
        """
        problems: list[str] = []
        self._speaks = list(speaks)
        self._authorities = ""
        if authorities is not None:
            with noting(problems, str(authorities)):
                self._authorities = authorities.read_text()
                self._bare().load_verify_locations(cadata=self._authorities)
        if problems:
            raise ConfigError(*problems)

    def context(self, *, verify: bool) -> ssl.SSLContext:
        """Return what every connection of that kind shares."""
        return self._verifying if verify else self._trusting

    # The system's authorities take 45 ms and 1.5 MB, which most hosts do without.
    @cached_property
    def _verifying(self) -> ssl.SSLContext:
        context = client_context([])
        if self._authorities:
            context.load_verify_locations(cadata=self._authorities)
        return self._offering(context)

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        context = self._bare()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._offering(context)

    def _offering(self, context: ssl.SSLContext) -> ssl.SSLContext:
        if self._speaks:
            context.set_alpn_protocols(self._speaks)
        return context

    @staticmethod
    def _bare() -> ssl.SSLContext:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
