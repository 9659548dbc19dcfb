"""What checks said last, on disk: a restart neither withdraws nor flaps."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from registrator import state
from registrator.fitness import Cause, Finding, Status
from registrator.model import ContainerId, ServiceId

log = logging.getLogger(__name__)

OLD: Final = 86_400.0
"""Seconds after which what was said counts no more; it is written anew long before."""
MOST: Final = 50_000
"""Checks that are remembered."""
LONGEST: Final = 32 << 20
"""Octets that the file has at most."""

_FORM: Final = 1


class Key(NamedTuple):
    """Which check it is: one of a service, which is the same container's as before."""

    service: ServiceId
    container: ContainerId
    number: int
    """Its place among the service's checks, from 0."""
    kind: str


Remembered = Mapping[Key, Finding]


def save(path: Path, known: Remembered) -> None:
    """Keep what is *known* as `state.write` does; raise OSError."""
    # Piece by piece: nobody else's thread goes on while the whole is put into JSON.
    checks = ", ".join(
        json.dumps([*key, finding.status, finding.output])
        for key, finding in islice(known.items(), MOST)
    )
    at = json.dumps(time.time())
    state.write(path, f'{{"form": {_FORM}, "at": {at}, "checks": [{checks}]}}')


def load(path: Path) -> Remembered:
    """Return what was kept; nothing where that is old, or with a warning unreadable."""
    try:
        return dict(islice(_read(path), MOST))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        log.warning("%s: what checks said last cannot be read: %s", path, error)
        return {}


def _read(path: Path) -> Iterator[tuple[Key, Finding]]:
    if path.stat().st_size > LONGEST:
        raise ValueError(f"it has more than {LONGEST} octets")
    found: Any = json.loads(path.read_text(encoding="utf-8"))
    if found["form"] != _FORM:
        raise ValueError(f"its form is {found['form']!r}, not {_FORM}")
    if not 0.0 <= time.time() - float(found["at"]) < OLD:
        log.info("%s: what checks said is too old to count", path)
        return
    for service, container, number, kind, status, output in found["checks"]:
        key = Key(
            service=ServiceId(str(service)),
            container=ContainerId(str(container)),
            number=int(number),
            kind=str(kind),
        )
        yield (
            key,
            Finding(cause=Cause.CHECK, status=Status(status), output=str(output)),
        )
