"""Whom checks over TLS trust: the system's authorities, and the operator's."""

import re
import ssl
from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from registrator.errors import ConfigError
from registrator.health.guard import Place
from registrator.health.probe import Failed
from registrator.tls import client_context, noting
from registrator.visible import visible

_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


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


def name_of(asked: str, place: Place) -> str:
    """Say what a peer's certificate must be for: the name *asked* for, or its address.

    Raise `Failed` for what can be no name: asyncio leaks its connection over that.
    """
    name = asked or place.host.partition("%")[0]
    if not _NAME.fullmatch(name) and not _is_address(name):
        raise Failed(f"{place}: no certificate can be for {visible(name[:80])}")
    return name


def _is_address(name: str) -> bool:
    try:
        return "%" not in str(ip_address(name))
    except ValueError:
        return False
