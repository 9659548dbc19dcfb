"""The one bridge between asyncio and kazoo: requests over one connection.

kazoo's client reconnects by itself, and keeps what it is asked meanwhile: a znode
could appear long after anybody wanted it. Here a client is given one open connection
and no other. When that breaks, whatever was not sent is never sent, and what was sent
is answered for by the next connection of the same session: a server closes the old
one before it listens to the new.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from kazoo import exceptions
from kazoo.client import KazooClient
from kazoo.protocol.states import EventType, KazooState, KeeperState

from registrator.errors import Unavailable
from registrator_backends.zookeeper.handler import SILENT, OneConnection
from registrator_backends.zookeeper.terms import Expired, Terms, Ticket
from registrator_backends.zookeeper.translation import (
    FAULTS,
    login_options,
    read_outcome,
    read_znode,
    render_grant,
)
from registrator_backends.zookeeper.wire import Wire
from registrator_backends.zookeeper.znode import (
    Create,
    Delete,
    Fault,
    Step,
    Znode,
)

Watcher = Callable[[Any], None]

_FAREWELL: Final = 1.0  # seconds
_UNDER_WAY: Final = 128  # requests; each takes a little of a socket that may not block


class Link:
    """One connection within one session; once broken it stays so.

    Every method raises `Unavailable` where there is no answer; then nobody knows
    what came of the request.
    """

    def __init__(self, wire: Wire, terms: Terms, ticket: Ticket | None) -> None:
        self._wire, self._terms = wire, terms
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_UNDER_WAY)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._begun = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when the connection is no more."""
        self.ticket = ticket or Ticket(0, b"")
        """The session that this link is part of, once it has begun."""
        self._farewells: list[Callable[[], None]] = []
        self._refused = self._is_cut = False
        self._client: Any = KazooClient(
            # Of its own it would only look up names: the connection is there.
            hosts="127.0.0.1",
            timeout=terms.timeout,
            client_id=(ticket.session, ticket.password) if ticket else None,
            handler=OneConnection(wire, self._over),
            default_acl=[render_grant(grant) for grant in terms.acl] or None,
            connection_retry={"max_tries": 1},
            logger=SILENT,
            **login_options(terms.login),
        )
        self._client.add_listener(self._told)

    @property
    def living(self) -> bool:
        """Whether there is a connection still, as far as anybody knows."""
        return not (self._is_cut or self.ended.is_set())

    @property
    def timeout(self) -> float:
        """Seconds after which the session ends without us, as the server decided."""
        return self._wire.timeout or 0.0

    async def begin(self) -> None:
        """Enter the session; raise `Expired` where there is none to enter any more."""
        self._client.start_async()
        try:
            async with asyncio.timeout(self._terms.deadline):
                await self._begun.wait()
        except TimeoutError as error:
            self.cut()
            raise self._mute() from error
        # Whoever is refused is let in first: the answer to a request tells. It also
        # has a server that lags behind catch up with all that we have written.
        await self.sync()
        self.ticket = Ticket(*self._client.client_id or (0, b""))

    def when_ended(self, act: Callable[[], None]) -> None:
        """Have *act* called when the connection is no more."""
        self._farewells.append(act)

    async def wait_ended(self) -> None:
        """Wait until nothing is left of a link that was cut; not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self.ended.wait()

    def cut(self) -> None:
        """Break off; the session goes on until it times out. At once, no waiting."""
        self._is_cut = True
        self._wire.cut()

    async def leave(self) -> None:
        """End the session, for one that holds nothing; without any error."""
        with suppress(OSError, exceptions.KazooException, AttributeError):
            # An AttributeError is kazoo's way to say that it is closed already, an
            # OSError that it is just closing; or a time that is out.
            async with asyncio.timeout(_FAREWELL):
                await asyncio.to_thread(self._client.stop)

    async def sync(self) -> None:
        """Have the server know all that anybody wrote before, and watchers hear of it.

        One request, of any znode: what the server knows is one sequence.
        """
        await self._ask([lambda: self._client.sync_async("/")])

    async def get(
        self, paths: Iterable[str], watcher: Watcher | None = None
    ) -> list[Znode | Fault]:
        """Read znodes; *watcher* hears of the next change to each that is there."""
        client = self._client
        answers = await self._ask(
            [partial(client.get_async, path, watcher) for path in paths]
        )
        return [a if isinstance(a, Fault) else read_znode(*a) for a in answers]

    async def children(
        self, paths: Iterable[str], watcher: Watcher | None = None
    ) -> list[tuple[str, ...] | Fault]:
        """List the names below znodes; *watcher* hears of the next change to each."""
        client = self._client
        answers = await self._ask(
            [partial(client.get_children_async, path, watcher) for path in paths]
        )
        return [a if isinstance(a, Fault) else tuple(a) for a in answers]

    async def exists(self, path: str, watcher: Watcher) -> bool:
        """Look for a znode; *watcher* hears when it comes, goes or changes."""
        (stat,) = await self._ask([lambda: self._client.exists_async(path, watcher)])
        return not (stat is None or isinstance(stat, Fault))

    async def commit(
        self, groups: Sequence[Sequence[Step]]
    ) -> list[tuple[str, ...] | Fault]:
        """Do each group as a whole or not at all; the paths that it created."""
        answers = await self._ask([partial(self._commit, group) for group in groups])
        return [
            a if isinstance(a, Fault) else read_outcome(a, self._terms.uri)
            for a in answers
        ]

    def watcher(self, hear: Callable[[str], None]) -> Watcher:
        """Have *hear* called, on the event loop, with the path that changed."""

        def told(event: Any) -> None:
            if event.type != EventType.NONE:
                self._from_thread(hear)(event.path)

        return told

    def _commit(self, group: Sequence[Step]) -> Any:
        transaction = self._client.transaction()
        for step in group:
            if isinstance(step, Create):
                transaction.create(
                    step.path,
                    step.data,
                    ephemeral=step.ephemeral,
                    sequence=step.sequential,
                )
            elif isinstance(step, Delete):
                transaction.delete(step.path)
            else:
                transaction.set_data(step.path, step.data)
        return transaction.commit_async()

    async def _ask(self, requests: Sequence[Callable[[], Any]]) -> list[Any]:
        """Send all, and wait for every answer; those of `FAULTS` are answers too."""
        sent: list[asyncio.Future[Any]] = []
        try:
            for request in requests:
                async with asyncio.timeout(self._terms.deadline):
                    await self._room.acquire()
                sent.append(self._send(request))
            for future in sent:
                async with asyncio.timeout(self._terms.deadline):
                    await asyncio.wait([future])
            return [self._answer(future) for future in sent]
        except TimeoutError as error:
            self.cut()
            raise self._mute() from error
        finally:
            for future in sent:
                future.cancel()

    def _send(self, request: Callable[[], Any]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self.living:
            self._room.release()
            future.set_exception(exceptions.ConnectionLoss())
            return future
        self._waiting.add(future)
        settle = self._from_thread(self._settle)
        request().rawlink(lambda result: settle(future, result))
        return future

    def _settle(self, future: asyncio.Future[Any], result: Any) -> None:
        self._room.release()
        self._waiting.discard(future)
        if future.done():
            return
        if result.successful():
            future.set_result(result.value)
        else:
            future.set_exception(result.exception)

    def _answer(self, future: asyncio.Future[Any]) -> Any:
        error = future.exception()
        if error is None:
            return future.result()
        fault = FAULTS.get(type(error))
        if fault is None:
            self.cut()
            raise self._broken() from error
        return fault

    def _mute(self) -> Unavailable:
        terms = self._terms
        return Unavailable(f"{terms.uri}: no answer in {terms.deadline:g} s")

    def _broken(self) -> Unavailable:
        uri, wire = self._terms.uri, self._wire
        if self._refused:
            return Unavailable(f"{uri}: user {self._terms.login.user!r} is refused")
        if wire.timeout is not None and wire.timeout <= 0:
            return Expired(f"{uri}: the session has expired")
        why = f": {wire.trouble}" if wire.trouble else ""
        return Unavailable(f"{uri}: the connection broke off{why}")

    def _told(self, state: Any) -> None:
        """Hear, on kazoo's thread, how the client stands."""
        if state == KazooState.CONNECTED:
            self._from_thread(self._begun.set)()
        elif self._client.client_state == KeeperState.AUTH_FAILED:
            self._refused = True

    def _over(self) -> None:
        """Free what kazoo holds, on its thread as it ends: the loop may be no more."""
        self._client.close()
        self._from_thread(self._end)()

    def _end(self) -> None:
        self.ended.set()
        self._begun.set()
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_exception(exceptions.ConnectionLoss())
        for act in self._farewells:
            act()

    def _from_thread(self, act: Callable[..., None]) -> Callable[..., None]:
        """Have something done on the event loop that another thread asks for."""
        return lambda *arguments: _quietly(self._loop, act, arguments)


def _quietly(
    loop: asyncio.AbstractEventLoop,
    act: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(act, *arguments)
