"""A service in the JSON that synapse's file_output writes. Pure.

Source: synapse's README and lib/synapse, as of 2020-11. What a registry does not say is
null, as there.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from registrator_haproxy.outputs.entries import Entry
from registrator_haproxy.wishes import OPTIONS

_NUMBER: Final = re.compile(r"_([0-9]{1,18})$", re.ASCII)
"""ZooKeeper's number at the end of a znode's name, which synapse takes for the id."""


def synapse_json(entries: Iterable[Entry]) -> str:
    """Write the entries as a list."""
    return f"{json.dumps([_backend(each) for each in entries], indent=2)}\n"


def _backend(entry: Entry) -> dict[str, Any]:
    labels = {key: value for key, value in entry.metadata.items() if key != OPTIONS}
    number = _NUMBER.search(entry.id)
    return {
        "name": entry.node or entry.container or None,
        "host": entry.address,
        "port": entry.port,
        "id": int(number[1]) if number else None,
        "weight": None if entry.fixed else entry.weight,
        OPTIONS: entry.metadata.get(OPTIONS),
        "labels": labels,
    }
