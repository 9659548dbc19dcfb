"""Follows what stands under a prefix: a listing, then every change after it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from registrator.backend import Reading
from registrator.errors import Unavailable
from registrator.model import Instance
from registrator_backends.etcd import wire
from registrator_backends.etcd.client import EtcdClient
from registrator_backends.etcd.events import Event, read_news, watch_request
from registrator_backends.etcd.faults import Away, Compacted, Refused
from registrator_backends.etcd.layout import Layout
from registrator_backends.etcd.listing import Listing, Moment, State, listing, state
from registrator_backends.etcd.records import text

# Connections lost in a row without news, after which a reader shall hear of it.
_BREAKS: Final = 2


@dataclass(slots=True)
class View:
    """What a reader sees; kept up to date by listings and events."""

    _layout: Layout
    _instances: dict[str, Instance] = field(default_factory=dict)
    _changed: dict[bytes, int] = field(default_factory=dict)

    @property
    def latest(self) -> int:
        """The last revision that wrote an entry of these; 0 where there is none."""
        return max(self._changed.values(), default=0)

    def state(self) -> State:
        """Say in short what stands there, as etcd would."""
        latest = self.latest
        written = ((key, at) for key, at in self._changed.items() if at == latest)
        return State(count=len(self._changed), latest=frozenset(written))

    def reading(self) -> Reading:
        """Say what stands there now; it does not change with what comes later."""
        skipped = len(self._changed) - len(self._instances)
        return Reading(instances=dict(self._instances), skipped=skipped)

    def begin(self, found: Listing) -> None:
        """Take in a listing in the place of everything."""
        self._instances.clear()
        self._changed.clear()
        for entry in found.entries:
            self._put(entry)

    def take(self, event: Event) -> None:
        """Take in a change of one key."""
        self._changed.pop(event.entry.key, None)
        self._instances.pop(text(event.entry.key) or "", None)
        if not event.deleted:
            self._put(event.entry)

    def _put(self, entry: wire.Entry) -> None:
        self._changed[entry.key] = entry.changed
        key = text(entry.key)
        instance = None if key is None else self._layout.read(key, entry.value)
        if key is not None and instance is not None:
            self._instances[key] = instance


async def follow(
    client: EtcdClient, layout: Layout, name: str
) -> AsyncGenerator[Reading]:
    """Yield what stands there, then again after each change.

    Where the connection breaks, it goes on behind the last change that was seen, at
    another member if need be; where changes are lost, everything is listed again.
    """
    prefix = layout.readers_prefix(name).encode()
    view, last = View(layout), None
    while True:
        found = await listing(client, prefix)
        view.begin(found)
        if (reading := view.reading()) != last:
            yield reading
            last = reading
        async with aclosing(_changes(client, prefix, found.moment, view)) as changes:
            async for events in changes:
                for event in events:
                    view.take(event)
                if (reading := view.reading()) != last:
                    yield reading
                    last = reading


async def _changes(
    client: EtcdClient, prefix: bytes, since: Moment, view: View
) -> AsyncGenerator[Sequence[Event]]:
    """Yield all changes *since*, over broken connections; ends where some are lost.

    *view* is what the reader has made of them so far.
    """
    breaks = 0
    while await _goes_on(client, prefix, since, view):
        request = watch_request(prefix, since.revision + 1)
        async with client.stream("watch", request) as stream:
            while True:
                try:
                    news = await stream.answer(read_news)
                except Away:
                    breaks += 1
                    if breaks > _BREAKS:
                        raise
                    break
                if news.refused:
                    raise Unavailable(f"{client.uri}: watch: {news.refused}")
                if news.lost or news.moment.is_before(since):
                    return
                if not news.opened:
                    since, breaks = news.seen, 0
                if news.events:
                    yield news.events


async def _goes_on(
    client: EtcdClient, prefix: bytes, since: Moment, view: View
) -> bool:
    """Whether the cluster's history still is what it was when it was last heard.

    One that was started anew without its data counts from 1 again, and may soon be
    where it was: then only what it holds tells the difference.
    """
    try:
        # Later than that moment, where nothing is there: then only the count matters.
        latest = view.latest or since.revision + 1
        return await state(client, prefix, since, since=latest) == view.state()
    except (Compacted, Refused):
        return False
