"""Cookies that tell a client from who pretends to be it (RFC 7873, RFC 9018)."""

from collections.abc import Callable
from typing import Final

from registrator_dns import names
from registrator_dns.clients.siphash import siphash

CLIENT: Final = 8
"""Octets of a client's own cookie; a server's follows it."""

SIZES: Final = frozenset({CLIENT, *range(16, 41)})
"""The octets that both together can have (RFC 7873 section 4)."""

_SERVER = 16
_VERSION = b"\1\0\0\0"  # and what is reserved

# Seconds, from RFC 9018 section 4.3.
_VALID = 3600
_FRESH = 1800
_AHEAD = 300


_MOST_HASHES = 2000
"""A second: some hundredths of a processor, whatever is sent."""


class Cookies:
    """Gives cookies to clients, and knows them again.

    In the format that servers of several makers share, so that behind one address
    each accepts the others', if they have the same secret.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        """*secret* has 16 octets; *clock* gives the seconds since 1970."""
        self._secret = secret
        self._clock = clock
        self._second = -1
        self._hashes = 0

    def proves(self, cookie: bytes, client: str) -> bool:
        """Whether *cookie* shows that the client has the address that it says."""
        return self._age(cookie, client) is not None

    def renew(self, cookie: bytes, client: str) -> bytes:
        """Give the cookie to send back to one who sent *cookie*; empty for none.

        It is the same while it is fresh, and in a second with too many to tell: who
        had it from us keeps it, and for anybody else it goes on proving nothing.
        """
        age = self._age(cookie, client)
        if age is not None and age < _FRESH:
            return cookie
        start = cookie[:CLIENT] + _VERSION + self._now().to_bytes(4)
        hashed = self._hash(start, client)
        if hashed:
            return start + hashed
        return cookie if len(cookie) > CLIENT else b""

    def _age(self, cookie: bytes, client: str) -> int | None:
        """Count the seconds since we gave *cookie*; None if not we, or long ago."""
        if len(cookie) != CLIENT + _SERVER or cookie[CLIENT:12] != _VERSION:
            return None
        # Serial number arithmetic (RFC 1982): the clock may have run over.
        age = (self._now() - int.from_bytes(cookie[12:16]) + _AHEAD) % 2**32 - _AHEAD
        if age > _VALID or self._hash(cookie[:16], client) != cookie[16:]:
            return None
        return age

    def _hash(self, start: bytes, client: str) -> bytes:
        now = self._now()
        if now != self._second:
            self._second, self._hashes = now, 0
        if self._hashes == _MOST_HASHES:
            return b""
        self._hashes += 1
        return siphash(self._secret, start + names.packed(client.partition("%")[0]))

    def _now(self) -> int:
        return int(self._clock()) & 0xFFFF_FFFF
