"""Has texts in files: judged, whole or not at all, and told of.

A mark beside the file says that there is a text of which nobody was told. It is there
before the text is and goes when the command was run, so that a crash in between, or a
command that fails, costs another run of it and never leaves a reader with the old text.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from registrator import state
from registrator.errors import ConfigError, Unavailable
from registrator.visible import visible
from registrator_haproxy.configuration.outputs import CANDIDATE, Output
from registrator_haproxy.outputs.texts import Texts
from registrator_haproxy.process.command import run
from registrator_haproxy.process.file import ConfigurationFile

log = logging.getLogger(__name__)

_NEW_FILE: Final = 0o644
"""Others are to read it: Prometheus, nginx's workers, every resolver of names."""
_NEW_DIRECTORY: Final = 0o755
_LINES: Final = 5
"""Lines of what a command says that are told."""


class Writer:
    """The files of one output; nobody else may write them at the same time."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._mode = int(output.mode, 8) if output.mode else None
        place = Path(output.place)
        self._directory = place if output.directory else None
        self._due = place.with_name(f".{place.name}.due")
        self._index = place / ".written"
        if output.directory:
            self._due = place / ".due"

    async def agree(self, wanted: Texts) -> None:
        """Have the texts in their files, and run the command if there is a new one.

        Raise `ConfigError` with all that did not work: such a file is as it was, the
        others have their texts. Called again, it does what is not done yet.
        """
        await asyncio.to_thread(self._make_directory)
        problems: list[str] = []
        for path, text in wanted.texts.items():
            file = ConfigurationFile(Path(path), mode=self._mode, new=_NEW_FILE)
            problems += await _problems(self._put(file, text))
        problems += await _problems(self._drop_others(wanted))
        problems += await _problems(self._tell())
        if problems:
            raise ConfigError(*problems)

    async def _put(self, file: ConfigurationFile, text: str) -> None:
        if await asyncio.to_thread(_text, file) == text:
            return
        try:
            await asyncio.to_thread(file.write_candidate, text)
            await self._judge(file)
            await asyncio.to_thread(self._swap, file)
        finally:
            await asyncio.to_thread(file.drop_candidate)
        log.info("%s: written", file)

    async def _judge(self, file: ConfigurationFile) -> None:
        if not self._output.validate_:
            return
        candidate = str(file.candidate)
        words = [each.replace(CANDIDATE, candidate) for each in self._output.validate_]
        problem = await self._run(words)
        if problem:
            raise ConfigError(f"{file}: the new text is refused by {problem}")

    def _swap(self, file: ConfigurationFile) -> None:
        if self._directory is not None:
            self._own({*self._owned(), file.path.name})
        self._mark()
        file.swap()

    async def _tell(self) -> None:
        """Run the command if it is due."""
        if not await asyncio.to_thread(self._due.exists):
            return
        if self._output.notify:
            problem = await self._run(self._output.notify)
            if problem:
                place = self._output.place
                raise ConfigError(f"{place}: nobody is told of the text: {problem}")
            log.info("%s: told by %s", self._output.place, self._output.notify[0])
        await asyncio.to_thread(self._unmark)

    async def _run(self, words: Sequence[str]) -> str:
        """Run a command; "" or what is wrong."""
        outcome = await run(words, self._output.deadline)
        if not outcome.code:
            return ""
        said = "; ".join(outcome.said[:_LINES])
        return f"{words[0]}: exit status {outcome.code}: {said or 'it says nothing'}"

    def _mark(self) -> None:
        if self._output.notify:
            self._write(self._due, "")

    def _unmark(self) -> None:
        try:
            self._due.unlink(missing_ok=True)
        except OSError as error:
            raise _refused("remove", self._due, error) from error

    async def _drop_others(self, wanted: Texts) -> None:
        """Remove the files of a directory that are ours and are wanted no more."""
        if self._directory is not None:
            kept = {Path(each).name for each in (*wanted.texts, *wanted.held)}
            await asyncio.to_thread(self._drop, kept)

    def _drop(self, kept: set[str]) -> None:
        owned = self._owned()
        for name in sorted(owned - kept):
            path = self._index.with_name(name)
            self._mark()
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _refused("remove", path, error) from error
            log.info("%s: removed", path)
        if not owned <= kept:
            self._own(owned & kept)

    def _owned(self) -> set[str]:
        """Name the files of the directory that we have written."""
        with suppress(OSError, ValueError, TypeError):
            found = json.loads(self._index.read_text(encoding="utf-8"))
            return {each for each in found if _is_ours(each)}
        return set()

    def _own(self, names: set[str]) -> None:
        if names != self._owned():
            self._write(self._index, json.dumps(sorted(names)))

    def _make_directory(self) -> None:
        if self._directory is not None:
            try:
                self._directory.mkdir(_NEW_DIRECTORY, parents=True, exist_ok=True)
            except OSError as error:
                raise _refused("make", self._directory, error) from error

    def _write(self, path: Path, text: str) -> None:
        try:
            state.write(path, text)
        except OSError as error:
            raise _refused("write", path, error) from error


async def _problems(step: Awaitable[None]) -> list[str]:
    try:
        await step
    except (ConfigError, Unavailable, OSError) as error:
        return [str(error)]
    return []


def _text(file: ConfigurationFile) -> str | None:
    return file.text


def _is_ours(name: object) -> bool:
    """Whether it can be the name of a file that we write: the index may be spoilt."""
    return isinstance(name, str) and name.endswith(".json") and "/" not in name


def _refused(verb: str, path: Path, error: OSError) -> ConfigError:
    reason = (error.strerror or str(error)).lower()
    return ConfigError(visible(f"cannot {verb} {path}: {reason}"))
