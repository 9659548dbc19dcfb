"""A text is put into force: checked, swapped in, reloaded, and taken back if need be.

Each step that others can see is one of its own, in an order in which a crash after any
of them leaves what the next start can go on from: as long as the text before stands
beside the file, what runs is in doubt, and whoever comes next reloads.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum

from registrator.errors import ConfigError, Unavailable
from registrator_haproxy.process.check import check
from registrator_haproxy.process.file import ConfigurationFile
from registrator_haproxy.process.listening import Address, addresses, taken
from registrator_haproxy.process.proxy import Proxy, Refused

log = logging.getLogger(__name__)


class Step(Enum):
    """What has just been done, and can be seen."""

    WRITTEN = "the candidate is on the disk"
    SET_ASIDE = "the text before stands beside the file, for the way back"
    SWAPPED = "the file has the new text"
    RELOADED = "haproxy serves with what is in the file"
    RESTORED = "the file has the text before once more"
    FINISHED = "what is in the file is what runs"


class Application:
    """The way of a text into one file and one HAProxy; one text at a time."""

    def __init__(
        self,
        file: ConfigurationFile,
        proxy: Proxy,
        *,
        program: str = "haproxy",
        deadline: float,
    ) -> None:
        """*program* is the HAProxy that checks, in at most *deadline* seconds."""
        self.starts = proxy.starts
        """Rings when HAProxy was started anew, as `Proxy.starts` does."""
        self._file = file
        self._proxy = proxy
        self._program = program
        self._deadline = deadline

    async def put(self, text: str) -> bool:
        """Have *text* in force; whether anything had to be done for that.

        Raise `Refused` with HAProxy's words where it is wrong or cannot be served:
        what was in force is in force again, and in the file. Raise `Unavailable` where
        HAProxy does not answer, and `ConfigError` where the file cannot be written.
        Cancelled, or after an error, it can be called again.
        """
        done = False
        async with aclosing(self.steps(text)) as steps:
            async for step in steps:
                log.debug("%s: %s", self._file, step.value)
                done = True
        if done:
            log.info("%s: a new configuration is in force", self._file)
        return done

    async def text(self) -> str:
        """Say what is in the file; nothing where there is none."""
        return await asyncio.to_thread(lambda: self._file.text or "")

    async def note(self, text: str) -> None:
        """Have *text* in the file: what runs was changed to that while it ran.

        Raise `ConfigError` where it cannot be written.
        """
        if await asyncio.to_thread(self._in_force) not in {None, text}:
            await asyncio.to_thread(self._file.write_candidate, text)
            await asyncio.to_thread(self._file.swap)

    async def settle(self) -> None:
        """Have in force what was so before a change that was never finished, if any.

        To be called first at a start, after which only whole changes were made. Raise
        as `put` does.
        """
        async with aclosing(self.settling()) as steps:
            async for step in steps:
                log.debug("%s: %s", self._file, step.value)

    async def steps(self, text: str) -> AsyncGenerator[Step, None]:
        """Do what `put` does, and stop after every step."""
        before = await asyncio.to_thread(self._in_force)
        if before == text:
            return
        await asyncio.to_thread(self._file.write_candidate, text)
        yield Step.WRITTEN
        try:
            await self._judge(text)
        except (ConfigError, Unavailable):
            await asyncio.to_thread(self._file.drop_candidate)
            raise
        await asyncio.to_thread(self._file.begin)
        yield Step.SET_ASIDE
        await asyncio.to_thread(self._file.swap)
        yield Step.SWAPPED
        refused = await self._reload()
        if refused is None:
            yield Step.RELOADED
            await asyncio.to_thread(self._file.finish)
            yield Step.FINISHED
            return
        async with aclosing(self.settling(refused)) as back:
            async for step in back:
                yield step
        raise refused

    async def settling(
        self, refused: Refused | None = None
    ) -> AsyncGenerator[Step, None]:
        """Do what `settle` does, and stop after every step.

        *refused*: why it has to be done.
        """
        before = await asyncio.to_thread(lambda: self._file.before)
        await asyncio.to_thread(self._file.drop_candidate)
        if before is None:
            return
        await asyncio.to_thread(self._file.restore)
        yield Step.RESTORED
        if before:
            try:
                await self._proxy.reload()
            except Refused as again:
                raise Refused(
                    *(refused.problems if refused else ()),
                    f"{self._file}: the configuration before is refused too:",
                    *again.problems,
                ) from again
            yield Step.RELOADED
        await asyncio.to_thread(self._file.finish)
        yield Step.FINISHED

    def _in_force(self) -> str | None:
        """Return what runs, if that is known."""
        return self._file.text if self._file.before is None else None

    async def _judge(self, text: str) -> None:
        """Raise `Refused` where *text* is wrong, or one of its ports is taken."""
        verdict = await check(self._program, self._file.candidate, self._deadline)
        if not verdict.right:
            raise Refused(*verdict.sentences)
        for sentence in verdict.sentences:
            log.debug("%s: %s", self._file, sentence)
        # A port that HAProxy has, at whatever address, is taken for us by HAProxy.
        held = {port for _, port in await asyncio.to_thread(self._held)}
        added = {each for each in addresses(text) if each[1] not in held}
        if added and await self._proxy.shares_network() and (busy := taken(added)):
            raise Refused(*map(_busy, busy))

    def _held(self) -> frozenset[Address]:
        """Return where HAProxy may listen by now."""
        known = (self._file.text, self._file.before)
        return frozenset().union(*(addresses(each) for each in known if each))

    async def _reload(self) -> Refused | None:
        try:
            await self._proxy.reload()
        except Refused as refused:
            return refused
        except (ConfigError, Unavailable):
            # Whoever starts HAProxy now is to find what is known to be good. It is not
            # known what runs: the text before stays beside the file.
            await asyncio.to_thread(self._file.restore)
            raise
        return None


def _busy(address: Address) -> str:
    host, port = address
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{place}: another program listens there; stop it, or choose another port"
