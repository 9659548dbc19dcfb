"""Reads services from keys: all instances, anew whenever one of the keys changes.

One blocking query, for everything under the prefix, is all that it takes.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from registrator.backend import Reading
from registrator.errors import Rejected
from registrator.model import Instance
from registrator_backends.consul.agent import DEADLINE, Agent
from registrator_backends.consul.blocking import SOON, changes
from registrator_backends.consul.uri import ConsulAddress
from registrator_backends.consulkv.client import kv_path
from registrator_backends.consulkv.entries import Entry, read_entries
from registrator_backends.consulkv.layout import Layout, is_path
from registrator_backends.values import read_value


async def watch(
    address: ConsulAddress, layout: Layout, name: str, *, deadline: float = DEADLINE
) -> AsyncGenerator[Reading, None]:
    """Yield all instances, or those of *name*: now, and after each change."""
    if name and (not is_path(name) or "/" in name):
        raise Rejected(f"name {name[:128]!r} cannot be a part of a key")
    start = f"{layout.tree}{name}/" if name else layout.tree
    agent = Agent(address, connections=1, deadline=deadline)
    await agent.open()
    try:
        path = f"{kv_path(start)}?recurse"
        shelf = _Shelf(layout)
        last = None
        found = changes(agent, path, wait=SOON, missing=[])
        async with aclosing(found) as answers:
            async for answer in answers:
                try:
                    entries = read_entries(answer)
                except ValueError as error:
                    raise agent.stranger() from error
                reading = shelf.read(entries)
                if reading != last:
                    last = reading
                    yield reading
    finally:
        await agent.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    index: int
    instance: Instance | None


class _Shelf:
    """All entries as they were read last: what has not changed is not read again."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._seen: dict[str, _Seen] = {}

    def read(self, entries: Iterable[Entry]) -> Reading:
        """Make a reading of *entries*, which are all there are."""
        seen: dict[str, _Seen] = {}
        for entry in entries:
            folder = entry.key.endswith("/") and not entry.value
            if folder or self._layout.is_index(entry.key):
                continue
            known = self._seen.get(entry.key)
            if known is None or known.index != entry.index:
                known = _Seen(index=entry.index, instance=self._instance(entry))
            seen[entry.key] = known
        self._seen = seen
        found = {key: each.instance for key, each in seen.items() if each.instance}
        return Reading(instances=found, skipped=len(seen) - len(found))

    def _instance(self, entry: Entry) -> Instance | None:
        read = self._layout.identify(entry.key)
        if read is None:
            return None
        return read_value(entry.value, key_id=read[1], key_name=read[0])
