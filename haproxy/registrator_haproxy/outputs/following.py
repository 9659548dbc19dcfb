"""Keeps every output in agreement with what is believed, each by itself.

What one of them waits for, or fails at, touches no other and not HAProxy.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from registrator.backoff import delays
from registrator.errors import ConfigError
from registrator.stamp import Stamp, stamp
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.configuration.outputs import Output
from registrator_haproxy.outputs.template import Template
from registrator_haproxy.outputs.texts import Texts, names, texts
from registrator_haproxy.outputs.writer import Writer
from registrator_haproxy.registries import Look, Registries

log = logging.getLogger(__name__)

_LOOK: Final = 1.0
"""Seconds between two looks whether a template has changed."""
_DRIFT: Final = 10.0
"""Seconds until the files are looked at again, although nothing may have changed."""
_BETWEEN: Final = 0.5
"""Seconds from one round to the next: what changes meanwhile comes with that."""


class Outputs:
    """All outputs of one configuration, for as long as it is the one."""

    def __init__(
        self, configuration: Configuration, registries: Registries, node: str
    ) -> None:
        """*node* is this host's name, for templates."""
        self._registries = registries
        self._followers = [
            _Follower(each, configuration, registries, node)
            for each in configuration.outputs
        ]

    async def run(self) -> None:
        """Have the files follow what is believed, until cancelled.

        Somebody else has the registries followed.
        """
        if self._followers:
            await self._registries.hear_first_answers()
        async with asyncio.TaskGroup() as rooms:
            for each in self._followers:
                rooms.create_task(each.run(), name=f"output {each}")


class _Follower:
    """One output."""

    def __init__(
        self,
        output: Output,
        configuration: Configuration,
        registries: Registries,
        node: str,
    ) -> None:
        self._output = output
        self._configuration = configuration
        self._registries = registries
        self._node = node
        self._names = names(output, configuration)
        self._writer = Writer(output)
        self._unheard = frozenset(self._names)
        self._template: tuple[Stamp | None, Template] | None = None
        self._seen: object = None
        self._wanted: Texts | None = None
        self._again = float("-inf")
        self._waits = delays(first=1.0, cap=60.0)
        self._trouble = ""
        self._left_out: Mapping[str, Sequence[str]] = {}

    def __str__(self) -> str:
        return self._output.place

    async def run(self) -> None:
        pause = _DRIFT if self._output.template is None else _LOOK
        while True:
            count = self._registries.changes.count
            now = asyncio.get_running_loop().time()
            look = self._registries.look(now)
            self._unheard &= self._registries.unheard
            seen = (
                [look.believed[name] for name in self._names],
                self._unheard,
                self._stamp(),
            )
            if seen != self._seen:
                self._seen, self._wanted = seen, None
                self._again = now
            if now >= self._again:
                await self._round(look)
            until = min(self._again, now + pause, look.until or now + pause)
            now = asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(until - now, 0.0)):
                    await self._registries.changes.after(count)
            await asyncio.sleep(_BETWEEN)

    async def _round(self, look: Look) -> None:
        try:
            await self._agree(look)
        except ConfigError as error:
            self._complain("; ".join(error.problems))
            pause = next(self._waits)
        else:
            self._complain("")
            self._waits = delays(first=1.0, cap=60.0)
            pause = _DRIFT
        self._again = asyncio.get_running_loop().time() + pause

    async def _agree(self, look: Look) -> None:
        wanted = self._wanted
        if wanted is None:
            # Thousands of entries take a time that HAProxy's servers do not wait for.
            wanted = self._wanted = await asyncio.to_thread(self._texts, look)
            self._tell_left_out(wanted.left_out)
        await self._writer.agree(wanted)
        if wanted.held:
            waited_for = ", ".join(sorted(self._unheard))
            raise ConfigError(f"{self}: waits for what is known of {waited_for}")

    def _texts(self, look: Look) -> Texts:
        return texts(
            self._output,
            self._configuration,
            look.believed,
            unheard=self._unheard,
            template=self._current_template(),
            node=self._node,
        )

    def _stamp(self) -> Stamp | None:
        template = self._output.template
        return None if template is None else stamp(Path(template))

    def _current_template(self) -> Template | None:
        """Read the template, if it is another; raise `ConfigError`."""
        path = self._output.template
        if path is None:
            return None
        seen = self._stamp()
        if self._template is None or self._template[0] != seen:
            try:
                text = Path(path).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise ConfigError(f"{path}: {reason.lower()}") from error
            self._template = seen, Template(text, path)
        return self._template[1]

    def _complain(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s; trying again", trouble)
        self._trouble = trouble

    def _tell_left_out(self, left_out: Mapping[str, Sequence[str]]) -> None:
        for name, sentences in left_out.items():
            if sentences != self._left_out.get(name):
                log.warning(
                    "%s: %s: %d left out: %s", self, name, len(sentences), sentences[0]
                )
        self._left_out = left_out
