"""What was believed last, on disk: a start without any registry goes on from it."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from registrator import state
from registrator.fitness import Status
from registrator.model import Instance
from registrator_haproxy.guard import Belief
from registrator_haproxy.numbering import Ids, Numbers
from registrator_haproxy.registries import Origin, Registries

log = logging.getLogger(__name__)

Remember = Callable[[Mapping[Origin, Belief]], None]
"""Keeps what is believed; to be called on a thread."""

_BETWEEN_LOOKS: Final = 10.0
"""Seconds until what is believed is looked at again without a change."""
_BETWEEN_SAVES: Final = 0.5
"""Seconds that what is known may be newer than what is written down of it."""
_FORM: Final = 2
_FORMS: Final = (1, _FORM)
"""Those that are read; the first has no ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What outlives a process."""

    beliefs: Mapping[Origin, Belief] = field(default_factory=dict)
    ids: Mapping[str, Ids] = field(default_factory=dict)
    """Of servers, by backend."""


def save(path: Path, known: Memory) -> None:
    """Keep what is *known* as `state.write` does; raise OSError."""
    # Piece by piece: nobody else's thread goes on while the whole is put into JSON.
    believed = ", ".join(json.dumps(_written(each)) for each in known.beliefs.items())
    ids = ", ".join(
        f"{json.dumps(backend)}: {json.dumps(dict(each))}"
        for backend, each in known.ids.items()
    )
    text = f'{{"form": {_FORM}, "believed": [{believed}], "ids": {{{ids}}}}}'
    state.write(path, text)


def load(path: Path) -> Memory:
    """Return what was kept; nothing, with a warning, where it cannot be read."""
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Memory()
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        log.warning("%s: what was believed cannot be read: %s", path, error)
        return Memory()


def keeping(file: Path | None, numbers: Numbers) -> Remember:
    """Have what is believed kept in *file*, and the ids with it."""

    def remember(beliefs: Mapping[Origin, Belief]) -> None:
        if file is None:
            return
        try:
            save(file, Memory(beliefs=beliefs, ids=numbers.known))
        except OSError as error:
            log.warning("%s: what is believed is not kept: %s", file, error.strerror)

    return remember


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
        "instances": {key: _fields(each) for key, each in belief.believed.items()},
    }


def _fields(instance: Instance) -> Mapping[str, Any]:
    return {name: getattr(instance, name) for name in Instance.__slots__}


def _read(found: Any) -> Memory:
    if found["form"] not in _FORMS:
        raise ValueError(f"its form is {found['form']!r}, not {_FORM}")
    return Memory(
        beliefs=dict(_beliefs(found["believed"])),
        ids={
            str(backend): {str(name): int(each) for name, each in ids.items()}
            for backend, ids in dict(found.get("ids", {})).items()
        },
    )


def _beliefs(believed: Any) -> Iterator[tuple[Origin, Belief]]:
    for each in believed:
        instances = {key: _instance(one) for key, one in each["instances"].items()}
        yield (str(each["service"]), str(each["registry"])), Belief.of(instances)


def _instance(values: Mapping[str, Any]) -> Instance:
    tuples = {
        key: tuple(each) for key, each in values.items() if isinstance(each, list)
    }
    return Instance(**{**values, **tuples, "status": Status(values["status"])})
