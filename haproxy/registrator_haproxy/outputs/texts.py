"""Which text each file of an output is to have. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.configuration.outputs import Output
from registrator_haproxy.outputs.entries import Entries, Entry, entries
from registrator_haproxy.outputs.file_sd import file_sd
from registrator_haproxy.outputs.synapse_json import synapse_json
from registrator_haproxy.outputs.template import Template

Believed = Mapping[str, Sequence[Instance]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is to be written, and what is to be left as it is; by path."""

    texts: Mapping[str, str]
    held: frozenset[str] = frozenset()
    """Files of services of which nothing is known yet."""
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By service: what of its registries' entries is not in the texts."""


def names(output: Output, configuration: Configuration) -> tuple[str, ...]:
    """Name the services that are in an output, in the configuration's order."""
    wanted = output.services
    return tuple(
        name for name in configuration.services if wanted is None or name in wanted
    )


def texts(
    output: Output,
    configuration: Configuration,
    believed: Believed,
    *,
    unheard: Collection[str] = (),
    template: Template | None = None,
    node: str = "",
) -> Texts:
    """Write an output's texts; raise `ConfigError` where its template does not work.

    One file of several services waits for all of them: without one of them it would
    take from its readers what they have.
    """
    found = {
        name: entries(name, configuration.services[name], believed.get(name, ()))
        for name in names(output, configuration)
        if name not in unheard
    }
    waits = [name for name in names(output, configuration) if name in unheard]
    shown = {name: each.entries for name, each in found.items()}
    if output.directory is None:
        if waits:
            return Texts(texts={}, held=frozenset({output.place}))
        written = {output.place: _one(shown, template, node)}
    else:
        written = {
            _path(output, name): _of_service(output, name, some)
            for name, some in shown.items()
        }
    return Texts(
        texts=written,
        held=frozenset(_path(output, name) for name in waits),
        left_out=_left_out(found),
    )


def _one(
    shown: Mapping[str, Sequence[Entry]], template: Template | None, node: str
) -> str:
    return file_sd(shown) if template is None else template.fill(shown, node)


def _of_service(output: Output, name: str, some: Sequence[Entry]) -> str:
    return file_sd({name: some}) if output.format == "file-sd" else synapse_json(some)


def _path(output: Output, name: str) -> str:
    return f"{output.directory}/{name}.json"


def _left_out(found: Mapping[str, Entries]) -> Mapping[str, Sequence[str]]:
    return {name: each.left_out for name, each in found.items() if each.left_out}
