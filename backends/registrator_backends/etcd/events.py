"""What a watch of etcd's asks and is told; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registrator_backends.etcd import wire
from registrator_backends.etcd.layout import range_end
from registrator_backends.etcd.listing import Moment, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of one key."""

    entry: wire.Entry
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One answer of a watch; never a part of a revision."""

    moment: Moment
    """When it was sent: at or after the last of its events."""
    opened: bool
    """Whether it only says that the watch has begun."""
    lost: bool
    """Whether the cluster has forgotten some of what was asked for."""
    refused: str
    """Why the watch has ended otherwise, if it has."""
    events: Sequence[Event]

    @property
    def seen(self) -> Moment:
        """Up to where a watch has shown everything with it."""
        changed = [event.entry.changed for event in self.events]
        return replace(self.moment, revision=max(changed)) if changed else self.moment


def watch_request(prefix: bytes, revision: int) -> wire.Json:
    """Ask for all changes under *prefix* from *revision* on."""
    said = {
        "key": wire.encoded(prefix),
        "range_end": wire.encoded(range_end(prefix)),
        "start_revision": str(revision),
        "progress_notify": True,
    }
    return {"create_request": said}


def read_news(answer: wire.Json) -> News:
    """Read one answer."""
    result = wire.part(answer, "result")
    lost = wire.number(result, "compact_revision") > 0
    ended = result.get("canceled") is True and not lost
    return News(
        moment=moment(result),
        opened=result.get("created") is True,
        lost=lost,
        refused=str(result.get("cancel_reason") or "it ended") if ended else "",
        events=[_event(each) for each in wire.parts(result, "events")],
    )


def _event(found: wire.Json) -> Event:
    entry = wire.entry(wire.part(found, "kv"))
    return Event(entry=entry, deleted=found.get("type") == "DELETE")
