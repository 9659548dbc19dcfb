"""Targets for Prometheus, which it reads from files. Pure.

Source: Prometheus' configuration, `file_sd_config`. Labels that begin with `__meta_`
are there for relabelling, and are dropped after it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from registrator_haproxy.outputs.entries import Entry

_ODD: Final = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_PREFIX: Final = "__meta_registrator_"


def file_sd(services: Mapping[str, Iterable[Entry]]) -> str:
    """Write a list with one target of each entry."""
    found = [
        {"targets": [entry.place], "labels": _labels(name, entry)}
        for name, entries in services.items()
        for entry in entries
    ]
    return f"{json.dumps(found, indent=2)}\n"


def _labels(name: str, entry: Entry) -> dict[str, str]:
    """Give the labels; the first of two metadata that would have one name stands."""
    found = {
        f"{_PREFIX}service": name,
        f"{_PREFIX}id": entry.id,
        f"{_PREFIX}node": entry.node,
        f"{_PREFIX}status": entry.status,
        # Between commas, so that a relabelling can look for one of them.
        f"{_PREFIX}tags": f",{','.join(entry.tags)}," if entry.tags else "",
    }
    for key, value in entry.metadata.items():
        found.setdefault(f"{_PREFIX}metadata_{_ODD.sub('_', key)}", value)
    return found
