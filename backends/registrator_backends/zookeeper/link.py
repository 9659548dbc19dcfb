"""The one bridge between asyncio and kazoo: requests over one connection.

kazoo's client reconnects by itself, and keeps what it is asked meanwhile: a znode
could appear long after anybody wanted it. Here a client is given one open connection
and no other. When that breaks, whatever was not sent is never sent, and what was sent
is answered for by the next connection of the same session: a server closes the old
one before it listens to the new.
"""

import asyncio
import logging
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from kazoo import exceptions
from kazoo.client import KazooClient
from kazoo.handlers.threading import SequentialThreadingHandler
from kazoo.protocol.states import EventType, KazooState, KeeperState
from kazoo.security import ACL

from registrator.errors import Unavailable
from registrator_backends.secret import Secret
from registrator_backends.zookeeper.wire import Wire
from registrator_backends.zookeeper.znode import Create, Delete, Fault, Step, Znode

T = TypeVar("T")
Watcher = Callable[[Any], None]

_UNDER_WAY: Final = 128  # requests; each takes a little of a socket that may not block
_SILENT: Final = logging.Logger("kazoo", level=logging.CRITICAL + 1)
"""What kazoo says is told by our own errors, without the passwords it would log."""

_FAULTS: Final = {
    exceptions.NoNodeError: Fault.MISSING,
    exceptions.NodeExistsError: Fault.EXISTS,
    exceptions.NotEmptyError: Fault.NOT_EMPTY,
    exceptions.NoChildrenForEphemeralsError: Fault.NO_PARENT,
    exceptions.NoAuthError: Fault.DENIED,
    exceptions.InvalidACLError: Fault.BAD_ACL,
    exceptions.BadArgumentsError: Fault.BAD_PATH,
    exceptions.QuotaExceededError: Fault.FULL,
}
# Operations of a multi() that failed for the sake of another one.
_BYSTANDERS: Final = (exceptions.RolledBackError, exceptions.RuntimeInconsistency)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What brings a client back into its session."""

    session: int
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are: nobody, or a user by one of two ways."""

    user: str = ""
    password: Secret = field(default_factory=Secret, repr=False)
    by: Literal["digest", "sasl"] = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a link is to be opened with."""

    uri: str
    """For people: in front of every error."""
    timeout: float
    """Seconds after which the session should end without us."""
    deadline: float
    """Seconds for any one answer."""
    login: Login = field(default_factory=Login)
    acl: tuple[ACL, ...] = ()
    """Who may do what with the znodes we make."""


class Expired(Unavailable):
    """The session is no more."""


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
        self._refused = False
        self._client: Any = KazooClient(
            # Of its own it would only look up names: the connection is there.
            hosts="127.0.0.1",
            timeout=terms.timeout,
            client_id=(ticket.session, ticket.password) if ticket else None,
            handler=_OneConnection(wire, self._from_thread(self._end)),
            default_acl=list(terms.acl) or None,
            connection_retry={"max_tries": 0},
            logger=_SILENT,
            **_login(terms.login),
        )
        self._client.add_listener(self._told)

    @property
    def ticket(self) -> Ticket:
        """The session that this link is part of."""
        session, password = self._client.client_id or (0, b"")
        return Ticket(session, password)

    @property
    def timeout(self) -> float:
        """Seconds after which the session ends without us, as the server decided."""
        return self._wire.timeout or 0.0

    async def begin(self) -> None:
        """Enter the session; raise `Expired` where there is none to enter any more."""
        self._client.start_async()
        async with asyncio.timeout(self._terms.deadline):
            # Whoever is refused is first let in: the answer to a request tells. It
            # also has a server that lags behind catch up with all we have written.
            await self._begun.wait()
        await self._ask([lambda: self._client.sync_async("/")])

    def cut(self) -> None:
        """Break off; the session goes on until it times out. At once, no waiting."""
        self._wire.cut()

    async def leave(self) -> None:
        """End the session, for one that holds nothing; without any error."""
        try:
            async with asyncio.timeout(1.0):
                await asyncio.to_thread(self._client.stop)
        except TimeoutError:
            self.cut()

    async def get(
        self, paths: Iterable[str], watcher: Watcher | None = None
    ) -> list[Znode | Fault]:
        """Read znodes; *watcher* hears of the next change to each that is there."""
        client = self._client
        answers = await self._ask(
            [lambda path=path: client.get_async(path, watcher) for path in paths]
        )
        return [a if isinstance(a, Fault) else _znode(*a) for a in answers]

    async def children(
        self, paths: Iterable[str], watcher: Watcher | None = None
    ) -> list[tuple[str, ...] | Fault]:
        """List the names below znodes; *watcher* hears of the next change to each."""
        client = self._client
        answers = await self._ask(
            [lambda path=path: client.get_children_async(path, watcher) for path in paths]
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
        answers = await self._ask([lambda g=group: self._commit(g) for group in groups])
        return [
            a if isinstance(a, Fault) else _outcome(a, self._terms.uri) for a in answers
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
        """Send all, and wait for every answer; those of `_FAULTS` are answers too."""
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
            raise Unavailable(
                f"{self._terms.uri}: no answer in {self._terms.deadline:g} s"
            ) from error
        finally:
            for future in sent:
                future.cancel()

    def _send(self, request: Callable[[], Any]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.ended.is_set():
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
        fault = _FAULTS.get(type(error))
        if fault is None:
            self.cut()
            raise self._broken() from error
        return fault

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

    def _end(self) -> None:
        self.ended.set()
        self._begun.set()
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_exception(exceptions.ConnectionLoss())
        self._client.close()

    def _from_thread(self, act: Callable[..., None]) -> Callable[..., None]:
        """Have something done on the event loop that another thread asks for."""
        return lambda *arguments: _quietly(self._loop, act, arguments)


class _OneConnection(SequentialThreadingHandler):  # type: ignore[misc]  # kazoo ships no types
    """kazoo's threads, less all but one: callbacks only wake the event loop."""

    def __init__(self, wire: Wire, ended: Callable[[], None]) -> None:
        super().__init__()
        self._wire: Wire | None = wire
        self._ended = ended

    def start(self) -> None:
        """Start no threads for callbacks: they are called where they arise."""

    def stop(self) -> None:
        """Stop nothing."""

    def create_connection(self, *_: object, **__: object) -> Wire:
        """Hand the connection over, once."""
        wire, self._wire = self._wire, None
        if wire is None:
            raise ConnectionResetError
        return wire

    def dispatch_callback(self, callback: Any) -> None:
        """Call what waits for a change."""
        callback.func(*callback.args)

    def spawn(self, func: Callable[..., None], *args: Any, **kwargs: Any) -> Any:
        """Run the client's loop, and tell of its end."""

        def run() -> None:
            try:
                func(*args, **kwargs)
            except (exceptions.KazooException, RuntimeError, ValueError, struct.error):
                # What answered is no ZooKeeper: the end of it is all there is to tell.
                _SILENT.debug("the client's loop ended", exc_info=True)
            finally:
                self._ended()

        thread = threading.Thread(target=run, name="zookeeper", daemon=True)
        thread.start()
        return thread


def _quietly(
    loop: asyncio.AbstractEventLoop, act: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(act, *arguments)


def _login(login: Login) -> dict[str, Any]:
    """Say who we are in kazoo's words."""
    if not login.user:
        return {}
    password = login.password.current()
    if login.by == "digest":
        return {"auth_data": [("digest", f"{login.user}:{password}")]}
    return {
        "sasl_options": {
            "mechanism": "DIGEST-MD5",
            "username": login.user,
            "password": password,
        }
    }


def _znode(data: bytes, stat: Any) -> Znode:
    return Znode(
        data=data or b"",
        created=stat.czxid,
        owner=stat.ephemeralOwner,
        children=stat.numChildren,
    )


def _outcome(results: Sequence[Any], uri: str) -> tuple[str, ...] | Fault:
    """Read what multi() answers: errors stand among the results."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, _BYSTANDERS):
            fault = _FAULTS.get(type(result))
            if fault is None:
                raise Unavailable(f"{uri}: {type(result).__name__}") from result
            return fault
    return tuple(result for result in results if isinstance(result, str))
