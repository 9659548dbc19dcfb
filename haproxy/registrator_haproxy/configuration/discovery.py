"""Reads a service's `discovery` of synapse: where its instances are found. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Note = Callable[[str], None]
"""Takes a sentence about something that cannot be honoured."""


def discovered(
    where: str, discovery: Mapping[str, Any], note: Note
) -> Iterator[tuple[str, Any]]:
    """Say where a service's instances are found, in our words: from, name, filters."""
    method = discovery.get("method", "base")
    filters = [*discovery.get("label_filters", ())]
    if "label_filter" in discovery:
        filters.append(discovery["label_filter"])
    yield "filters", filters
    known = {"method", "hosts", "path", "decode", "label_filters", "label_filter"}
    if method in {"zookeeper", "zookeeper_poll"}:
        *base, name = str(discovery.get("path", "")).strip("/").split("/")
        decode = table(discovery.get("decode")).get("method", "nerve")
        place = "/".join((",".join(map(str, discovery.get("hosts", ()))), *base))
        yield "from", f"zookeeper://{place}?format={decode}"
        yield "name", name
    elif method not in {"base", "stub"}:
        note(f"{where}.discovery.method: {method} is not known here: no servers")
        return
    for key in discovery.keys() - known:
        note(f"{where}.discovery.{key}: is not known here")


def number(said: Any) -> Any:
    """Read a number that may be written as text; what is none stays for the judge."""
    return int(said) if isinstance(said, str) and said.isdecimal() else said


def table(value: Any) -> Mapping[str, Any]:
    """Read a table; what is none is an empty one."""
    return value if isinstance(value, dict) else {}
