"""One service that HAProxy does not take keeps none of the others from being served.

What registries hold cannot spoil the file (`whitelist`); what the operator has written
into a service can, and is found by HAProxy's own check, service by service.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registrator.errors import ConfigError
from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render

Check = Callable[[str], Awaitable[Sequence[str]]]
"""Says what is wrong with a file's text: nothing, or HAProxy's sentences."""

# What is said of each server is only looked at where there is one.
_ANY: Final = (Instance(id="any", name="any", address="127.0.0.1", port=1),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A configuration that HAProxy takes, and what had to be left out of it."""

    configuration: Configuration
    quarantined: Mapping[str, Sequence[str]]
    """By service: what HAProxy says of it."""


async def sound(configuration: Configuration, check: Check) -> Sound:
    """Leave out the services that HAProxy does not take.

    Raise `ConfigError` where it takes nothing at all: the fault is in no service then.
    """
    if not await _wrong(configuration, configuration.services, check):
        return Sound(configuration=configuration, quarantined={})
    if problems := await _wrong(configuration, (), check):
        raise ConfigError(*problems)
    kept: list[str] = []
    quarantined: dict[str, Sequence[str]] = {}
    for name in configuration.services:
        if problems := await _wrong(configuration, (*kept, name), check):
            quarantined[name] = problems
        else:
            kept.append(name)
    return Sound(configuration=_only(configuration, kept), quarantined=quarantined)


async def _wrong(
    configuration: Configuration, names: Iterable[str], check: Check
) -> Sequence[str]:
    some = _only(configuration, names)
    return await check(render(plan(some, dict.fromkeys(some.services, _ANY)).layout))


def _only(configuration: Configuration, names: Iterable[str]) -> Configuration:
    services = {name: configuration.services[name] for name in names}
    return configuration.model_copy(update={"services": services})
