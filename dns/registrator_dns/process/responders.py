"""The processes that answer for one URI: found or started, kept alive and alike."""

import asyncio
import hashlib
import logging
import tempfile
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, ExitStack, suppress
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from registrator.backend import Site
from registrator.backoff import delays
from registrator.errors import ConfigError, Unavailable
from registrator.model import Instance
from registrator.version import __version__
from registrator_dns.forward.resolv_conf import ResolvConf
from registrator_dns.forward.routes import Routes
from registrator_dns.names import Endpoint
from registrator_dns.options import Options, without_sources
from registrator_dns.process.activation import inherited
from registrator_dns.process.frames import Message
from registrator_dns.process.pages import drops, listed, puts
from registrator_dns.process.remote import Remote
from registrator_dns.sockets import Bound, bind

log = logging.getLogger(__name__)

OWN: Final = "own/"
"""What the keys of this host's own instances begin with."""
PATIENCE: Final = "patience"
_NOTHING: Final[Mapping[str, Instance]] = MappingProxyType({})


class Responders:
    """Everything that they show, by keys of the caller's, and they themselves.

    A responder of an earlier daemon is gone on with, and so is what it shows. One that
    dies is replaced; the queries that come meanwhile wait in its sockets.
    """

    def __init__(
        self,
        uri: str,
        options: Options,
        site: Site,
        sources: Sequence[str],
        fits: Callable[[Instance], bool],
    ) -> None:
        """*sources* are the addresses of what is shown besides this host."""
        self._fits = fits
        self._options = options
        self._site = site
        self._begin: Message = {
            "op": "begin",
            "version": __version__,
            "uri": without_sources(uri),
            "node": site.node,
            "address": site.address,
            "sources": list(sources),
            PATIENCE: min(options.lasting.max_stale, 1e9),
        }
        self._shown: dict[str, Instance] = {}
        self._complete = not sources
        self._remotes: list[Remote] = []
        self._opened = AsyncExitStack()
        self._lock = asyncio.Lock()

    @property
    def shown(self) -> Mapping[str, Instance]:
        """All that is shown; a view, not a copy."""
        return MappingProxyType(self._shown)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where they answer, with the ports that port 0 became."""
        first = self._remotes[0].bound if self._remotes else ()
        return tuple((udp.getsockname()[0], udp.getsockname()[1]) for udp, _ in first)

    async def open(self) -> None:
        """Have them answer; raise `ConfigError` where a port cannot be had."""
        async with AsyncExitStack() as opened:
            places = await self._places(opened)
            opened.push_async_callback(self._end)
            for place in places:
                await self._open_one(place)
            if self._options.forwarding.is_on:
                # What a responder would find, but has nobody to tell.
                Routes(self._options.forwarding, ResolvConf()).open(self.endpoints)
            self._opened = opened.pop_all()

    async def close(self) -> None:
        """Have them end, as soon as the settings say; what they show is forgotten."""
        await self._opened.aclose()
        self._shown.clear()

    async def change(
        self,
        put: Mapping[str, Instance] = _NOTHING,
        drop: Collection[str] = (),
        complete: bool | None = None,
    ) -> None:
        """Show instances, in place of what had their keys, and others no longer.

        *complete* says whether what is not shown is not there; else nobody knows. Raise
        `Unavailable` where one does not hear it; `keep` then sees to it that it does.
        """
        self._shown.update(put)
        for key in drop:
            self._shown.pop(key, None)
        messages: list[Iterable[Message]] = [puts(put), drops(drop)]
        if complete is not None and complete != self._complete:
            self._complete = complete
            messages.append([{"op": "complete", "is": complete}])
        await self._tell(chain.from_iterable(messages))

    async def ask(self, message: Message) -> Sequence[Message]:
        """Return the answers of all of them; raise `Unavailable`."""
        return [await remote.ask(message) for remote in self._remotes]

    async def keep(self) -> None:
        """Replace those that die, until cancelled."""
        async with asyncio.TaskGroup() as rooms:
            for remote in self._remotes:
                rooms.create_task(self._keep(remote), name="keep a dns responder")

    async def _keep(self, remote: Remote) -> None:
        waits = delays(first=0.1, cap=5.0)
        while True:
            began = asyncio.get_running_loop().time()
            await remote.gone()
            if remote.taken:
                log.error("%s: another daemon has taken over", self._options.uri)
                return
            if asyncio.get_running_loop().time() - began > 60.0:
                waits = delays(first=0.1, cap=5.0)
            try:
                async with self._lock:
                    await self._revive(remote)
            except Unavailable as error:
                log.warning("%s; trying again", error)
                await asyncio.sleep(next(waits))

    async def _tell(self, messages: Iterable[Message]) -> None:
        """Tell all of them; one that does not hear is replaced, and knows it then."""
        down: dict[Remote, Unavailable] = {}
        # While one is being filled nobody changes what it has been told already.
        async with self._lock:
            for message in messages:
                for remote in self._remotes:
                    try:
                        if remote not in down:
                            await self._tell_one(remote, message)
                    except Unavailable as error:
                        down[remote] = error
        for trouble in down.values():
            raise trouble

    async def _tell_one(self, remote: Remote, message: Message) -> None:
        try:
            await remote.ask(message)
        except Unavailable:
            await self._revive(remote)

    async def _revive(self, remote: Remote) -> None:
        if remote.alive:
            return
        if remote.taken:
            raise Unavailable("another daemon feeds the dns responder")
        log.warning("a dns responder ended, and is started anew")
        try:
            await remote.start(remote.bound)
        except ConfigError as error:  # it was right when the daemon began
            raise Unavailable(str(error)) from error
        await self._make_right(remote, {})

    async def _open_one(self, place: Path) -> None:
        """Go on with one that is there, or have a successor to it, or start one.

        What the first one shows that is found is what is shown.
        """
        remote, former = Remote(place, self._begin), None
        there: Mapping[str, Instance] = {}
        with ExitStack() as unfinished:
            unfinished.callback(remote.abandon)
            if await remote.find():
                there = await self._inherit(remote)
                begun = remote.begun
                if any(
                    begun.get(k) != v for k, v in self._begin.items() if k != PATIENCE
                ):
                    remote, former, there = Remote(place, self._begin), remote, {}
                    unfinished.callback(remote.abandon)
            if not remote.alive:
                # One that is dead by now leaves its sockets: nobody else can bind them.
                old = remote.bound if former is None else former.copies()
                await remote.start(old or self._bind())
            self._remotes.append(remote)
            await self._make_right(remote, there)
            if former is not None:
                await former.end(0.0)
            unfinished.pop_all()

    async def _inherit(self, remote: Remote) -> Mapping[str, Instance]:
        """Take over what one shows; return what of it is still shown by it."""
        try:
            there = {k: i for k, i in (await listed(remote)).items() if self._fits(i)}
        except Unavailable as error:
            log.warning("%s; what it showed is found anew", error)
            return {}
        if remote.begun.get("sources") != self._begin["sources"]:
            there = {k: i for k, i in there.items() if k.startswith(OWN)}
        if not self._remotes:
            self._shown.update(there)
        return there

    async def _make_right(self, remote: Remote, there: Mapping[str, Instance]) -> None:
        """Have one show all that is to be shown, and only then answer."""
        wanted = {k: v for k, v in self._shown.items() if there.get(k) != v}
        for message in chain(puts(wanted), drops(there.keys() - self._shown.keys())):
            await remote.ask(message)
        await remote.ask({"op": "complete", "is": self._complete})
        await remote.ask({"op": "ready"})

    def _bind(self) -> Sequence[Bound]:
        """Take the sockets that were handed to us, else bind some."""
        shared = self._options.lasting.workers > 1
        environment = self._site.environment
        with ExitStack() as opened:
            bound: list[Bound] = []
            for each in self.endpoints or self._options.listen:
                pair = inherited(environment, each) or bind(each, shared=shared)
                for end in pair:
                    opened.callback(end.close)
                bound.append(pair)
            opened.pop_all()
            return bound

    async def _places(self, opened: AsyncExitStack) -> list[Path]:
        """Say where each is fed, and the next daemon will look, if there can be one.

        Those that other settings have left behind on our ports are ended: a port is
        bound anew for another number of workers, or with other ports.
        """
        base = self._site.runtime
        if base is None:
            home = tempfile.TemporaryDirectory(prefix="registrator-dns-")
            base = Path(opened.enter_context(home), "private")
        listen, workers = self._options.listen, self._options.lasting.workers
        mark = hashlib.sha256(repr((sorted(listen), workers)).encode()).hexdigest()[:8]
        kin = f"{base.name}.dns-"
        places = [base.with_name(f"{kin}{mark}-{n}.sock") for n in range(workers)]
        with suppress(OSError):  # there is no directory yet
            for each in set(base.parent.iterdir()) - set(places):
                if each.name.startswith(kin):
                    await Remote(each, {}).end_if_left(listen)
        return places

    async def _end(self) -> None:
        # Where nobody can find them, nobody goes on with them.
        after = self._options.lasting.linger if self._site.runtime else 0.0
        while self._remotes:
            await self._remotes.pop().end(after)
