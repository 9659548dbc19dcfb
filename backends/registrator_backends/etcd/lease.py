"""The lease that all of a host's records hang on: their life, and the owner's mark.

A lease's id may be chosen by the client. Ours follows from the node and the layout,
so that a daemon that is started anew, under whatever name its container has, finds
its lease and by it its records, without a file and without a mark in any value.

There are two such ids: where the time to live is to change, which no lease can, the
records move to a lease of the other id, one by one, before the first is given up.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registrator_backends.etcd import wire
from registrator_backends.etcd.client import EtcdClient
from registrator_backends.etcd.faults import LeaseGone, LeaseTaken

ENDLESS: Final = 9_000_000_000
"""Seconds of the longest lease there is (lessor.go, maxLeaseTTL): 285 years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease of ours that is alive: its time to live, and the keys that hang on it."""

    seconds: int
    keys: frozenset[bytes]


def lease_ids(kind: str, prefix: str, node: str) -> tuple[int, int]:
    """Say the ids of the leases of *node* in one registry: positive, of 62 bits."""
    said = f"{kind}\0{prefix}\0{node}".encode(errors="surrogateescape")
    number = int.from_bytes(hashlib.sha256(said).digest()[:8])
    first = (number >> 2) & ~1 | 2
    return first, first + 1


class HostLease:
    """Finds, grants and keeps this host's lease."""

    def __init__(self, client: EtcdClient, ids: tuple[int, int], ttl: float) -> None:
        self.ids = ids
        self._client = client
        self._asked = math.ceil(ttl) or ENDLESS
        self._granted = self._asked
        self._alive: dict[int, int] | None = None

    async def survey(self) -> Mapping[int, Held]:
        """Look which of our leases are alive, and what hangs on them."""
        found: dict[int, Held] = {}
        for lease in self.ids:
            said = {"ID": str(lease), "keys": True}
            held = await self._client.ask("lease/timetolive", said, _held)
            if held is not None:
                found[lease] = held
        self._alive = {lease: held.seconds for lease, held in found.items()}
        return found

    def fits(self, seconds: int) -> bool:
        """Whether a lease of so many seconds is as it was asked for.

        A cluster that is slow to elect a leader raises what is too short for it.
        """
        return seconds in {self._asked, self._granted}

    async def hold(self) -> int:
        """Say on which lease to write; one is granted where there is none that fits."""
        alive = self._alive
        if alive is None:
            await self.survey()
            alive = self._alive or {}
        for lease, seconds in alive.items():
            if self.fits(seconds):
                return lease
        free = [lease for lease in self.ids if lease not in alive]
        # With neither free, the next survey but one finds everything on one of them.
        return await self._grant(free[0]) if free else self.ids[0]

    async def keep(self, *, needed: bool) -> None:
        """Start the time to live anew; raise `LeaseGone` if it has run out.

        One that is not *needed* may be gone.
        """
        for lease in tuple(self._alive or ()):
            said = {"ID": str(lease)}
            if not await self._client.ask("lease/keepalive", said, _is_kept):
                self.forget()
                if needed:
                    raise LeaseGone(
                        f"{self._client.uri}: this host's lease has run out, and its"
                        " records with it"
                    )

    async def leave(self) -> None:
        """Give up the lease whose records have all been moved to the other."""
        found = await self.survey()
        current = await self.hold()
        for lease, held in found.items():
            if lease != current and not held.keys:
                await self._client.ask("lease/revoke", {"ID": str(lease)}, _anything)
                self.forget()

    def forget(self) -> None:
        """Take in that our leases may be gone: they are looked for before a write."""
        self._alive = None

    async def _grant(self, lease: int) -> int:
        said = {"ID": str(lease), "TTL": str(self._asked)}
        try:
            granted = await self._client.ask("lease/grant", said, _granted)
        except LeaseTaken:
            # By us, where the answer to a first try was lost; then it is alive.
            self.forget()
            raise
        self._granted = granted
        self._alive = {**(self._alive or {}), lease: self._granted}
        return lease


def _held(answer: wire.Json) -> Held | None:
    if wire.number(answer, "TTL") <= 0:
        return None
    keys = answer.get("keys", [])
    if not isinstance(keys, list):
        raise wire.Nonsense("keys is no list")
    return Held(
        seconds=wire.number(answer, "grantedTTL"),
        keys=frozenset(map(wire.octets, keys)),
    )


def _is_kept(answer: wire.Json) -> bool:
    # A lease that is gone is no error for etcd: its TTL is left out then.
    return wire.number(wire.part(answer, "result"), "TTL") > 0


def _granted(answer: wire.Json) -> int:
    return wire.number(answer, "TTL")


def _anything(answer: wire.Json) -> None:
    del answer
