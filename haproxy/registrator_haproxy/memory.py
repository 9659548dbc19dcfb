"""What was believed last, on disk: a start without any registry goes on from it."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from registrator import state
from registrator.model import Instance, Status
from registrator_haproxy.guard import Belief
from registrator_haproxy.registries import Origin, Registries

log = logging.getLogger(__name__)

Remember = Callable[[Mapping[Origin, Belief]], None]
"""Keeps what is believed; to be called on a thread."""

_FORM: Final = 1
_BETWEEN_LOOKS: Final = 10.0
"""Seconds until what is believed is looked at again without a change."""
_BETWEEN_SAVES: Final = 0.5
"""Seconds that what is known may be newer than what is written down of it."""


def save(path: Path, beliefs: Mapping[Origin, Belief]) -> None:
    """Keep *beliefs* as `state.write` does; raise OSError."""
    believed = list(map(_written, beliefs.items()))
    state.write(path, json.dumps({"form": _FORM, "believed": believed}))


def load(path: Path) -> Mapping[Origin, Belief]:
    """Return what was kept; nothing, with a warning, where it cannot be read."""
    try:
        return dict(_read(json.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        log.warning("%s: what was believed cannot be read: %s", path, error)
        return {}


async def follow(registries: Registries, remember: Remember) -> None:
    """Keep what is believed until cancelled, where no keeper does it in passing."""
    kept: object = None
    while True:
        count = registries.changes.count
        believed = {key: each.believed for key, each in registries.beliefs.items()}
        if believed != kept:
            await asyncio.to_thread(remember, registries.beliefs)
            kept = believed
        with suppress(TimeoutError):
            async with asyncio.timeout(_BETWEEN_LOOKS):
                await registries.changes.after(count)
        await asyncio.sleep(_BETWEEN_SAVES)


def _written(item: tuple[Origin, Belief]) -> Mapping[str, Any]:
    (service, registry), belief = item
    return {
        "service": service,
        "registry": registry,
        "instances": {key: asdict(each) for key, each in belief.believed.items()},
    }


def _read(found: Any) -> Iterator[tuple[Origin, Belief]]:
    if found["form"] != _FORM:
        raise ValueError(f"its form is {found['form']!r}, not {_FORM}")
    for each in found["believed"]:
        instances = {key: _instance(one) for key, one in each["instances"].items()}
        yield (str(each["service"]), str(each["registry"])), Belief.of(instances)


def _instance(values: Mapping[str, Any]) -> Instance:
    tuples = {
        key: tuple(each) for key, each in values.items() if isinstance(each, list)
    }
    return Instance(**{**values, **tuples, "status": Status(values["status"])})
