"""Says in our words what nerve's configuration says. Pure.

What cannot be honoured is named, with its place, and never dropped in silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registrator.check import Check
from registrator.errors import ConfigError
from registrator.labels import whitelist
from registrator.labels.whitelist import Refused, shown
from registrator.model import ContainerId, Service
from registrator.nerve.checks import Checked, checks
from registrator.nerve.reporters import KEYS, reported
from registrator.nerve.values import (
    Note,
    address,
    seconds,
    table,
    text,
    unknown,
    whole,
)

CLAIMANT: Final = "nerve:"
"""How the id and the name begin of what stands for a container here."""
INTERVAL: Final = 0.5
"""Seconds between two checks, unless told."""

SHORTEST: Final = 0.1
"""Seconds between two checks at least."""

_DONE_ELSEWHERE: Final = {
    "statsd": "figures are not sent to statsd",
    "max_repeated_report_failures": "a report that failed is tried until it succeeds",
}
_TOP: Final = {"instance_id", "services", "service_conf_dir", "heartbeat_path"}
_NOT_DONE: Final = {
    "rate_limiting": "reports are not limited; a service that flaps is held down",
    "load_test_concurrency": "it is registered once",
    "check_mocked": "its checks are not made, and it always passes",
}
_OF_SERVICE: Final = {
    *("host", "port", "reporter_type", "check_interval", "checks", "weight"),
    *("haproxy_server_options", "labels", "rate_limiting", "load_test_concurrency"),
    *("check_mocked", *KEYS["zookeeper"], *KEYS["etcd"]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nerve:
    """What a configuration asks for."""

    services: Mapping[str, Service] = field(default_factory=dict)
    """By their names there; their ids lack the node in front."""
    heartbeat: str = ""
    """A file to touch while all is well; "": none."""
    directory: str = ""
    """Where more services are, a file each; "": nowhere."""
    notes: tuple[str, ...] = ()
    """What cannot be honoured: one sentence each."""

    @property
    def registries(self) -> tuple[str, ...]:
        """The URIs of all places where services are reported, in their order."""
        return tuple(dict.fromkeys(each.registry for each in self.services.values()))


def translate(said: Any) -> Nerve:
    """Read a whole configuration; raise `ConfigError` where it is none."""
    notes: list[str] = []
    try:
        top = table(said, "the configuration")
        services = table(top.get("services"), "services")
        instance = text(str(top.get("instance_id") or ""), "instance_id", 256)
        heartbeat = text(top.get("heartbeat_path") or "", "heartbeat_path")
        directory = text(top.get("service_conf_dir") or "", "service_conf_dir")
    except Refused as refused:
        raise ConfigError(str(refused)) from None
    if not instance:
        notes.append("instance_id: not given, so that the node's name stands for it")
    elsewhere = sorted(_DONE_ELSEWHERE.keys() & top.keys())
    notes += [f"{key}: {_DONE_ELSEWHERE[key]}" for key in elsewhere]
    unknown(top, _TOP | _DONE_ELSEWHERE.keys(), "", notes.append)
    return Nerve(
        services=dict(_services(services, instance, notes.append)),
        heartbeat=heartbeat,
        directory=directory,
        notes=tuple(notes),
    )


def _services(
    services: Mapping[str, Any], instance: str, note: Note
) -> Iterator[tuple[str, Service]]:
    for name, said in services.items():
        own: list[str] = []
        try:
            service = _service(name, said, instance, own.append)
        except Refused as refused:
            note(f"{refused}; services.{shown(name)[1:-1]} is left out")
            continue
        yield name, service
        for each in own:
            note(each)


def _service(name: str, given: Any, instance: str, note: Note) -> Service:
    where = f"services.{name}"
    said = table(given, where)
    if not name:
        raise Refused("a service has no name")
    for key in sorted(_NOT_DONE.keys() & said.keys()):
        if said[key]:
            note(f"{where}.{key}: {_NOT_DONE[key]}")
    unknown(said, _OF_SERVICE, f"{where}.", note)
    host = whitelist.address(address(said.get("host"), f"{where}.host"))
    port = whole(said.get("port"), f"{where}.port", 1, 65535)
    place = reported(said, where, instance, note)
    return Service(
        id=whitelist.service_id(f"{CLAIMANT}{name}:{port}"),
        name=place.name or name,
        address=host,
        port=port,
        metadata=dict(_metadata(said, where, note)),
        checks=_checks(said, where, host, port, note),
        weight=whole(said.get("weight", 1), f"{where}.weight", 0, 65535),
        container=ContainerId(f"{CLAIMANT}{name}"),
        container_name=f"{CLAIMANT}{name}",
        registry=place.registry,
        path=place.path,
    )


def _checks(
    said: Mapping[str, Any], where: str, host: str, port: int, note: Note
) -> tuple[Check, ...]:
    interval = seconds(said.get("check_interval", INTERVAL), f"{where}.check_interval")
    if interval < SHORTEST:
        note(f"{where}.check_interval: {SHORTEST:g} s, which is the least here")
        interval = SHORTEST
    of = Checked(where=where, host=host, port=port, interval=interval)
    found = tuple(checks(said.get("checks"), of, note))
    return () if said.get("check_mocked") else found


def _metadata(
    said: Mapping[str, Any], where: str, note: Note
) -> Iterator[tuple[str, str]]:
    """Keep labels as metadata, which become labels again where nerve's are written."""
    for key, value in table(said.get("labels"), f"{where}.labels").items():
        if key == "haproxy_server_options":
            note(f"{where}.labels.{key}: it stands beside labels; left out")
        else:
            plain = value if isinstance(value, str) else str(value)
            yield (
                text(key, f"{where}.labels", 128),
                text(plain, f"{where}.labels.{key}", 512),
            )
    if options := said.get("haproxy_server_options"):
        key = "haproxy_server_options"
        yield key, text(options, f"{where}.{key}")
