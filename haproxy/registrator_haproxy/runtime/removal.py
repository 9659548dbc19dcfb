"""Taking servers away from a running HAProxy, and no request with them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from registrator_haproxy.runtime.answers import Reason, Refusal
from registrator_haproxy.runtime.capabilities import Capabilities
from registrator_haproxy.runtime.live import LiveServer
from registrator_haproxy.runtime.orders import is_maintained
from registrator_haproxy.runtime.running import Refusals, RunningBackend

# Between two looks, in seconds; each is three answers.
_PAUSE: Final = 0.1


async def remove(
    backend: RunningBackend,
    names: Iterable[str],
    capabilities: Capabilities,
    *,
    deadline: float,
) -> Refusals:
    """Drain these servers, wait until nothing is at them, and delete them.

    One that is not there any more is done. After *deadline* seconds those that still
    have something attached to them are in maintenance: no request comes to them any
    more, and those they are at go on. They are refused as `BUSY`; the next call goes on
    from there. The grace that HAProxys before 3.0 need is part of the deadline. That
    other servers are left to take the traffic is up to the caller.
    """
    return await _Removal(backend, names, capabilities).run(deadline)


class _Removal:
    """Where the removal of each server is."""

    def __init__(
        self,
        backend: RunningBackend,
        names: Iterable[str],
        capabilities: Capabilities,
    ) -> None:
        self._backend = backend
        self._left = set(names)
        self._capabilities = capabilities
        self._quiet_since: dict[str, float] = {}
        self._refused: dict[str, Refusal] = {}

    async def run(self, deadline: float) -> Refusals:
        now = asyncio.get_running_loop().time
        end = now() + deadline
        found = await self._look()
        # One in maintenance is further than draining would have it.
        await self._backend.drain(n for n, s in found.items() if not is_maintained(s))
        while self._left:
            found = await self._look()
            over = now() >= end
            await self._maintain(found, everyone=over)
            for name in self._settled(found, now()):
                await self._delete(name)
            if over:
                break
            await asyncio.sleep(min(_PAUSE, max(0.0, end - now())))
        return {
            **{name: _busy(found[name]) for name in self._left},
            **self._refused,
        }

    async def _look(self) -> Mapping[str, LiveServer]:
        everyone = await self._backend.look_closely()
        found = {name: everyone[name] for name in self._left if name in everyone}
        self._left = set(found)
        return found

    async def _maintain(
        self, found: Mapping[str, LiveServer], *, everyone: bool
    ) -> None:
        ripe = [
            name
            for name, server in found.items()
            if not is_maintained(server) and (everyone or _nothing_at(server))
        ]
        await self._backend.maintain(ripe)

    def _settled(self, found: Mapping[str, LiveServer], now: float) -> list[str]:
        """Name those in maintenance that nothing has been at for the whole grace.

        Counted from the look that saw both: between the one before and the order for
        maintenance a request may have come.
        """
        quiet = {n for n, s in found.items() if is_maintained(s) and _nothing_at(s)}
        since = {name: self._quiet_since.get(name, now) for name in quiet}
        self._quiet_since = since
        return [n for n in quiet if now - since[n] >= self._capabilities.grace]

    async def _delete(self, name: str) -> None:
        said = await self._backend.delete(name, waits=self._capabilities.waits)
        if said is None:
            self._left.discard(name)
        elif said.reason is Reason.BUSY:
            await self._let_go_of_idle_connections(name)
        else:
            self._left.discard(name)
            self._refused[name] = said

    async def _let_go_of_idle_connections(self, name: str) -> None:
        """Have it enter maintenance anew: only then does 2.6 close them all.

        One that falls idle later would be kept for `pool-purge-delay` and longer: 15 s
        were measured. Whoever has a cookie may have come between the two orders.
        """
        await self._backend.drain([name])
        await self._backend.maintain([name])
        self._quiet_since.pop(name, None)


def _nothing_at(server: LiveServer) -> bool:
    return server.load is not None and server.load.nothing


def _busy(server: LiveServer) -> Refusal:
    load = server.load
    said = (
        f"{load.connections} connections, {load.sessions} sessions and "
        f"{load.queued} waiting at the deadline"
        if load
        else "in use at the deadline"
    )
    return Refusal(reason=Reason.BUSY, says=said)
