"""A registry whose instances are shown beside this host's own."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from registrator.backend import Backend
from registrator.dns_views import DnsReadingView
from registrator.model import Instance
from registrator.watcher import Sighting, Watcher

log = logging.getLogger(__name__)

_LONGEST_KEY: Final = 32 * 1024
"""As for what an instance holds (`refusals`), whose names a key may have escaped."""

Unfit = Callable[[Instance], str | None]
"""Says why an instance cannot be shown; "" is no mistake, None: it can be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is to be shown another way; keys are the registry's own."""

    put: Mapping[str, Instance]
    drop: frozenset[str]
    complete: bool
    """Whether all that the registry holds is shown, so that the rest is not there."""


Tell = Callable[[Difference], Awaitable[None]]


class Followed:
    """Keeps what is shown of one registry in agreement with it, for as long as it may.

    A registry that is away is shown as it was, for *max_stale* seconds and no longer.
    What *node* offers is left out: it is shown already, and sooner.
    """

    def __init__(
        self,
        backend: Backend[Any],
        node: str,
        unfit: Unfit,
        tell: Tell,
        max_stale: float,
    ) -> None:
        self._backend = backend
        self._node = _in_dns(node)
        self._is_unfit = unfit
        self._tell = tell
        self._max_stale = None if max_stale == math.inf else max_stale
        self._shown: dict[str, Instance] = {}
        self._told = 0
        self._watcher: Watcher | None = None

    @property
    def uri(self) -> str:
        """The registry's address for people."""
        return self._backend.uri

    def view(self) -> DnsReadingView:
        """Say how it stands."""
        latest = self._watcher.latest if self._watcher else Sighting(since=0.0)
        return DnsReadingView(
            registry=self.uri,
            known=latest.known,
            age=latest.age(asyncio.get_running_loop().time()),
            instances=len(self._shown),
            error=latest.error,
        )

    async def run(self, already: Mapping[str, Instance]) -> None:
        """Follow it until cancelled; *already* is what is shown of it now."""
        self._shown = dict(already)
        async with self._backend, asyncio.TaskGroup() as rooms:
            watcher = self._watcher = Watcher(self._backend)
            rooms.create_task(watcher.run(), name=f"watch {self.uri}")
            while True:
                count = watcher.changes.count
                left = await self._show(watcher.latest)
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await watcher.changes.after(count)

    async def _show(self, sighting: Sighting) -> float | None:
        """Show what is to be shown; the seconds for which that holds without news."""
        left = self._left(sighting)
        is_stale = left is not None and left <= 0
        if not sighting.known and not is_stale:
            return left  # what an earlier daemon showed stands meanwhile
        wanted = {} if is_stale else self._wanted(sighting.instances)
        difference = Difference(
            put={k: v for k, v in wanted.items() if self._shown.get(k) != v},
            drop=frozenset(self._shown.keys() - wanted.keys()),
            complete=sighting.known and not is_stale,
        )
        self._shown = wanted
        await self._tell(difference)
        return None if is_stale else left

    def _left(self, sighting: Sighting) -> float | None:
        if sighting.current or self._max_stale is None:
            return None
        return self._max_stale - sighting.age(asyncio.get_running_loop().time())

    def _wanted(self, instances: Mapping[str, Instance]) -> dict[str, Instance]:
        wanted: dict[str, Instance] = {}
        unfit: list[tuple[str, str]] = []
        for key, instance in instances.items():
            if _in_dns(instance.node) == self._node:
                continue
            reason = None
            if self._shown.get(key) != instance:
                reason = self._is_unfit(instance)
                if reason is None and len(key) > _LONGEST_KEY:
                    reason = f"its key is longer than {_LONGEST_KEY} characters"
            if reason is None:
                wanted[key] = instance
            elif reason:
                unfit.append((instance.id, reason))
        if len(unfit) not in {0, self._told}:
            log.warning(
                "%s: %d instances cannot be shown in DNS; %.100r: %s",
                self.uri,
                len(unfit),
                *unfit[0],
            )
        self._told = len(unfit)
        return wanted


def _in_dns(node: str) -> bytes:
    """Write the name of a node so that DNS's equal ones are equal (RFC 4343)."""
    return node.encode(errors="surrogatepass").lower()
