"""A registry that is a directory: one JSON file for each service."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from registrator.backend import Backend, Failures, Reading, Site
from registrator.errors import (
    BackendError,
    ConfigError,
    NotOwner,
    Rejected,
    Unavailable,
)
from registrator.fitness import Status
from registrator.model import Instance, Service, ServiceId
from registrator.planner import Change

T = TypeVar("T")

DEADLINE = 5.0
"""Seconds that the disk may take: a network's may take for ever."""


class FilesBackend(Backend[Instance]):
    """Keeps services as files; a file that another node wrote stays as it is."""

    schemes: ClassVar[tuple[str, ...]] = ("files",)

    def __init__(self, directory: Path, poll: float, node: str) -> None:
        self._directory = directory
        self._poll = poll
        self._node = node

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``files:///path?poll=seconds``; raise `ConfigError`."""
        parts = urlsplit(uri)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        poll = options.pop("poll", "1")
        mistakes = [f"files: there is no option {name!r}" for name in options]
        if parts.netloc or not parts.path.startswith("/"):
            mistakes.append("files: files:///path/of/a/directory is expected")
        if not poll.replace(".", "", 1).isdecimal() or not 0 < float(poll) < 3600:
            mistakes.append(f"files: poll={poll!r} is not a number of seconds")
        if mistakes:
            raise ConfigError(*mistakes)
        return cls(Path(unquote(parts.path)), float(poll), site.node)

    @property
    def uri(self) -> str:
        """The directory."""
        return f"files://{self._directory}"

    async def __aenter__(self) -> Self:
        """Get a thread: one, so that what was asked first is done first."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the thread, also if the disk still keeps it waiting."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def record(self, service: Service) -> Instance:
        """Keep every service, whatever its status; `Rejected` if no file can."""
        try:
            if len(_file_name(service.id)) > 255:
                raise Rejected("its id is too long for the name of a file")
            _written(instance := Instance.of(service, node=self._node))
        except UnicodeEncodeError as error:
            raise Rejected("it holds what is no text") from error
        return instance

    async def owned(self) -> Mapping[ServiceId, Instance]:
        """Read all files, and return what this node wrote."""
        found = await self._do(self._read)
        mine = (each for each in found.instances.values() if each.node == self._node)
        return {ServiceId(each.id): each for each in mine}

    async def put(self, changes: Sequence[Change[Instance]]) -> Failures:
        """Write one file after the other."""
        return await self._do(partial(self._write, changes))

    async def drop(self, changes: Sequence[Change[Instance]]) -> Failures:
        """Remove files."""
        return await self._do(partial(self._write, changes))

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Yield what the files hold, and look again every *poll* seconds."""
        before: Reading | None = None
        while True:
            found = await self._do(self._read)
            chosen = {
                key: each
                for key, each in found.instances.items()
                if name in {"", each.name}
            }
            reading = Reading(instances=chosen, skipped=found.skipped)
            if reading != before:
                before = reading
                yield reading
            await asyncio.sleep(self._poll)

    async def _do(self, work: Callable[[], T]) -> T:
        """Have *work* done by the thread; the disk's errors become registrator's."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await asyncio.get_running_loop().run_in_executor(
                    self._thread, work
                )
        except TimeoutError as error:
            raise Unavailable(f"{self.uri}: no answer in {DEADLINE} s") from error
        except OSError as error:
            raise Unavailable(f"{self.uri}: {error.strerror or error}") from error

    def _read(self) -> Reading:
        contents = {}
        for path in self._directory.iterdir():
            if path.name.endswith(".json"):
                try:
                    contents[path.name] = path.read_bytes()
                except FileNotFoundError:  # a part is not all: begin anew
                    return self._read()
        found = {name: _read(content) for name, content in contents.items()}
        known = {name: each for name, each in found.items() if each is not None}
        return Reading(instances=known, skipped=len(found) - len(known))

    def _write(self, changes: Sequence[Change[Instance]]) -> Failures:
        failures: dict[ServiceId, BackendError] = {}
        for change in changes:
            path = self._directory / _file_name(change.id)
            if not self._may_change(path):
                failures[change.id] = NotOwner(f"{path} was written by somebody else")
            elif change.wanted is None:
                path.unlink(missing_ok=True)
            else:
                with tempfile.NamedTemporaryFile(
                    dir=self._directory, suffix=".tmp", delete=False
                ) as file:
                    file.write(_written(change.wanted))
                Path(file.name).replace(path)  # seen as it was or as it is, never half
        return failures

    def _may_change(self, path: Path) -> bool:
        try:
            present = _read(path.read_bytes())
        except FileNotFoundError:
            return True
        return present is not None and present.node == self._node


def _file_name(service: str) -> str:
    return f"{quote(service, safe=' :@')}.json"


def _written(instance: Instance) -> bytes:
    return json.dumps(asdict(instance), ensure_ascii=False).encode()


def _read(content: bytes) -> Instance | None:
    """Read a file's content; None where it is not of this format."""
    try:
        found: dict[str, Any] = json.loads(content)
        if any(type(found[field]) is not kind for field, kind in _FIELDS.items()):
            return None
        texts = [*found["tags"], *found["metadata"].values()]
        if not all(isinstance(text, str) for text in texts):
            return None
        changes = {"tags": tuple(found["tags"]), "status": Status(found["status"])}
        return Instance(**(found | changes))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


_FIELDS: Mapping[str, type] = {
    **dict.fromkeys(("id", "name", "address", "transport", "status", "node"), str),
    **dict.fromkeys(("node_address", "container", "image"), str),
    **dict.fromkeys(("port", "priority", "weight"), int),
    "tags": list,
    "metadata": dict,
}
