"""What nsqlookupd says, in both of its forms, and what several say together. Pure.

Sources: nsqlookupd's documentation (nsq.io/components/nsqlookupd), and NSQ's changes
for 1.0: an answer had stood in `data` beside `status_code` and `status_txt`, and stands
by itself since.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from registrator.model import Instance, endpoint
from registrator.readable import Reading
from registrator_haproxy.sources import fields

KEPT: Final = 300.0
"""Seconds for which what one said stands while it does not answer.

It would itself forget an nsqd after as long a silence (-inactive-producer-timeout).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one nsqlookupd said, and when."""

    at: float
    instances: Mapping[str, Instance]
    skipped: int = 0


def read_answer(
    status: int, answer: Mapping[str, Any], *, topic: str, field: str, now: float
) -> Said:
    """Read an answer to /lookup, or to /nodes where *topic* is "".

    *field* is `tcp_port` or `http_port`. Raise `ValueError` where it is neither a list
    of producers nor that there is no such topic.
    """
    if "TOPIC_NOT_FOUND" in (answer.get("message"), answer.get("status_txt")):
        return Said(at=now, instances={})
    status = answer.get("status_code", status)
    data = answer.get("data", answer)
    if status != 200:
        why = fields.text(answer, "message") or fields.text(answer, "status_txt")
        shown = f" {why[:80]!a}" if why else ""
        raise ValueError(f"it answers {ascii(status)[:20]}{shown}")
    # Go writes a list of none as null, too.
    listed = data.get("producers", ()) if isinstance(data, dict) else ()
    producers = fields.objects([] if listed is None else listed)
    if producers is None:
        raise ValueError("the answer has no list of producers")
    found: dict[str, Instance] = {}
    skipped = 0
    for producer in producers:
        instances = list(_instances(producer, topic, field))
        skipped += None in instances
        found |= {each.id: each for each in instances if each is not None}
    return Said(at=now, instances=found, skipped=skipped)


def merged(said: Iterable[Said], now: float) -> Reading:
    """Put together what all of them said, each nsqd once.

    What the latest says counts; what is older than `KEPT` is no more.
    """
    found: dict[str, Instance] = {}
    skipped = 0
    for each in sorted(said, key=lambda each: each.at):
        if now - each.at <= KEPT:
            found |= each.instances
            skipped = max(skipped, each.skipped)
    return Reading(instances=found, skipped=skipped)


def _instances(
    producer: Mapping[str, Any], topic: str, field: str
) -> Iterator[Instance | None]:
    """Read one nsqd for each of its topics; None where it is none."""
    address = fields.host(producer, "broadcast_address")
    port = fields.number(producer.get(field))
    if not address or port is None:
        yield None
        return
    place = endpoint(address, port)
    for name in [topic] if topic else _topics(producer):
        yield Instance(
            id=place if topic else f"{name}/{place}",
            name=name,
            address=address,
            port=port,
            metadata={"version": version}
            if (version := fields.text(producer, "version"))
            else {},
            node=fields.text(producer, "hostname"),
        )


def _topics(producer: Mapping[str, Any]) -> Iterator[str]:
    """List the topics of an answer to /nodes, without those it is to forget."""
    topics, tombstones = producer.get("topics"), producer.get("tombstones")
    gone = tombstones if isinstance(tombstones, list) else []
    for at, topic in enumerate(topics if isinstance(topics, list) else []):
        if isinstance(topic, str) and gone[at : at + 1] != [True]:
            yield topic
