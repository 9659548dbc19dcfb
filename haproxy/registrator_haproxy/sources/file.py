"""A file of instances, as synapse's file_output writes them, followed for changes.

    file:///etc/registrator/instances.json

It holds a list of instances, or a table of such lists by the services' names.
"""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from registrator import plain_yaml
from registrator.errors import ConfigError, Unavailable
from registrator.model import Instance, endpoint
from registrator.readable import Readable, Reading, Site
from registrator.uri import without_secrets
from registrator_haproxy.sources import fields
from registrator_haproxy.sources.polling import LONGEST
from registrator_haproxy.sources.threads import Threads
from registrator_haproxy.wishes import OPTIONS

PERIOD: Final = 1.0
"""Seconds between two looks at the file's state."""

DEADLINE: Final = 10.0
"""Seconds for reading it: it may be on a disk that is far away."""

_YAML: Final = (".yaml", ".yml")

_Stamp = tuple[int, int, int, int]


class FileSource(Readable):
    """Instances in a file; one that is away, or no such file, is `Unavailable`.

    Half of a JSON file is none, but half of a YAML file may well be one: that is read
    once it has stood unchanged from one look to the next.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waits = path.suffix in _YAML
        self._threads = Threads(self.uri, DEADLINE)

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``file:///path``, which ends in .json, .yaml or .yml."""
        del site
        shown = without_secrets(uri)
        said = uri.partition(":")[2]
        path = Path(unquote(said.removeprefix("//")))
        problems = []
        if not said.startswith("///") or "\0" in str(path):
            problems.append(f"{shown}: a whole path is expected, file:///etc/x.json")
        if path.suffix not in (".json", *_YAML):
            problems.append(f"{shown}: the name does not end in .json, .yaml or .yml")
        if problems:
            raise ConfigError(*problems)
        return cls(path)

    @property
    def uri(self) -> str:
        """The file's address."""
        return f"file://{self._path}"

    async def __aenter__(self) -> Self:
        """Need nothing: the file may come later."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still reads."""
        self._threads.close()

    async def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Look at the file's state each second, and read it when that has changed.

        It is read once more a second later: a second change within a tick of the
        file system's clock leaves its state as it was.
        """
        stamp: _Stamp | None = None
        settled = True
        before: Reading | None = None
        while True:
            now = await self._threads.call(self._stamp)
            fresh, stamp = now != stamp, now
            if not self._waits if fresh else not settled:
                reading = await self._threads.call(lambda: self._read(name))
                if reading != before:
                    yield reading
                    before = reading
            settled = not fresh
            await asyncio.sleep(PERIOD)

    def _stamp(self) -> _Stamp:
        """Say what changes when the file does; raise `Unavailable` for no file."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise Unavailable(f"{self.uri}: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            raise Unavailable(f"{self.uri}: it is no file")
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _read(self, name: str) -> Reading:
        try:
            with self._path.open("rb") as file:
                octets = file.read(LONGEST + 1)
        except OSError as error:
            raise Unavailable(f"{self.uri}: {error.strerror}") from error
        if len(octets) > LONGEST:
            raise Unavailable(f"{self.uri}: it has more than {LONGEST} octets")
        try:
            return read_document(octets, name, yaml=self._waits)
        except ValueError as error:
            raise Unavailable(f"{self.uri}: {error}") from error


def read_document(octets: bytes, name: str, *, yaml: bool) -> Reading:
    """Read the whole of a file; raise `ValueError` where it is none of ours. Pure."""
    try:
        text = octets.decode()
        said = plain_yaml.load(text) if yaml else json.loads(text)
    except (ValueError, RecursionError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(f"it is not {'YAML' if yaml else 'JSON'}: {why}") from error
    return read_instances(said, name)


def read_instances(said: object, name: str) -> Reading:
    """Read a list of instances, or those of *name* in a table of lists; "": of all.

    What is no instance is counted; raise `ValueError` for what is no list. Pure.
    """
    found: dict[str, Instance] = {}
    skipped = 0
    for service, entries in _lists(said, name):
        for entry in entries:
            instance = _instance(entry, service)
            if instance is None:
                skipped += 1
                continue
            place = endpoint(instance.address, instance.port)
            found[f"{service}/{instance.node}/{place}"] = instance
    return Reading(instances=found, skipped=skipped)


def _lists(said: object, name: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    tables = said.items() if isinstance(said, dict) else [(name, said)]
    for service, entries in tables:
        objects = fields.objects(entries)
        if objects is None:
            raise ValueError("a list, or a table of lists, is expected")
        if name in {"", service}:
            yield str(service), objects


def _instance(entry: Mapping[str, Any], service: str) -> Instance | None:
    """Read one, as nerve and synapse write it; `id` is a number that ZooKeeper gave."""
    address, port = fields.host(entry, "host"), fields.number(entry.get("port"))
    if not address or port is None:
        return None
    name, options = fields.text(entry, "name"), fields.text(entry, OPTIONS)
    weight = fields.number(entry.get("weight"))
    return Instance(
        id=name or endpoint(address, port),
        name=service,
        address=address,
        port=port,
        metadata={
            **fields.texts(entry.get("labels")),
            **({OPTIONS: options} if options else {}),
        },
        weight=1 if weight is None else weight,
        node=name,
    )
