"""Reads the checks of a service of nerve's. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from registrator.check import Check
from registrator.labels.whitelist import Refused, shown
from registrator.model import endpoint
from registrator.nerve.values import (
    Note,
    address,
    seconds,
    table,
    text,
    unknown,
    whole,
)

TIMEOUT: Final = 0.1
"""Seconds that nerve gives a check, or the reading of an answer, unless told."""
OPENING: Final = 0.2
"""Seconds that it gives a connection of HTTP, and as many for TLS."""

_COMMON: Final = {"type", "name", "host", "port", "timeout", "rise", "fall"}
_HTTP: Final = {
    *("uri", "ssl", "read_timeout", "open_timeout", "ssl_timeout"),
    *("headers", "expect"),
}
_NONE: Final = {"noop": "always passes", "base": "checks nothing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks of a service inherit from it."""

    where: str
    host: str
    port: int
    interval: float


def checks(said: Any, service: Checked, note: Note) -> Iterator[Check]:
    """Read all of them; raise `Refused` where one cannot be made here."""
    if said is None:
        return
    if not isinstance(said, list):
        raise Refused(f"{service.where}.checks is no list")
    for number, each in enumerate(said):
        where = f"{service.where}.checks.{number}"
        found = _check(table(each, where), replace(service, where=where), note)
        if found is not None:
            yield found


def _check(said: Mapping[str, Any], of: Checked, note: Note) -> Check | None:
    kind = str(said.get("type"))
    known = _COMMON | _HTTP if kind == "http" else _COMMON
    if kind in _NONE:
        if kind == "base":
            note(f"{of.where}: type base {_NONE[kind]}")
        return None
    if kind not in {"http", "tcp", "redis"}:
        what = f"a check of type {shown(kind)} is not made here"
        raise Refused(f"{of.where}: {what}")
    unknown(said, known, f"{of.where}.", note)
    host = address(said.get("host", of.host), f"{of.where}.host")
    port = whole(said.get("port", of.port), f"{of.where}.port", 1, 65535)
    check = Check(
        kind=kind,
        target=endpoint(host, port),
        interval=of.interval,
        timeout=seconds(said.get("timeout", TIMEOUT), f"{of.where}.timeout"),
        rise=whole(said.get("rise", 1), f"{of.where}.rise", 1, 1000),
        fall=whole(said.get("fall", 1), f"{of.where}.fall", 1, 1000),
    )
    return _http(check, said, of.where) if kind == "http" else check


def _http(check: Check, said: Mapping[str, Any], where: str) -> Check:
    """Ask as nerve does; its times for each step are one for all of them here."""
    path = text(said.get("uri"), f"{where}.uri")
    encrypted = said.get("ssl") is True
    steps = [
        seconds(said.get("read_timeout", check.timeout), f"{where}.read_timeout"),
        seconds(said.get("open_timeout", OPENING), f"{where}.open_timeout"),
    ]
    if encrypted:
        steps.append(seconds(said.get("ssl_timeout", OPENING), f"{where}.ssl_timeout"))
    slash = "" if path.startswith("/") else "/"
    headers = table(said.get("headers"), f"{where}.headers")
    return replace(
        check,
        target=f"{'https' if encrypted else 'http'}://{check.target}{slash}{path}",
        timeout=round(sum(steps), 6),
        method="GET",
        headers=tuple(
            (text(name, f"{where}.headers"), text(value, f"{where}.headers.{name}"))
            for name, value in headers.items()
        ),
        tls_skip_verify=encrypted,
        statuses=((200, 399),),
        expect=text(said.get("expect") or "", f"{where}.expect"),
    )
