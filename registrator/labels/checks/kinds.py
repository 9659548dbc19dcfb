"""The kinds of checks: what each makes of the value that asks for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from registrator.check import Check
from registrator.fitness import Status
from registrator.labels.checks import values
from registrator.labels.checks.values import Asked, Target, duration
from registrator.labels.whitelist import Refused, is_on, shown

DEFAULT_INTERVAL: Final = 10.0
SHORTEST_INTERVAL: Final = 0.1
"""Whatever a container asks for: it is the daemon that does the work."""

_TRUE = frozenset({"1", "t", "true", "yes", "on"})
_VISIBLE = re.compile(r"[!-~]{1,1024}")
_METHOD = re.compile(r"[A-Za-z]{1,16}")
_GRPC_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_DNS_TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"})
_OPTION = re.compile(r"[a-z0-9_]{1,64}")
_MOST_OPTIONS = 32


def check(asked: Asked, target: Target, foreign: tuple[str, ...]) -> Check | None:
    """The check that *asked* describes; None where it describes none.

    *foreign* are the kinds that other packages have, in their order.
    """
    for kind, make in KINDS.items():
        value = asked.get(kind, "")
        if value and (kind not in _SWITCHES or is_on(value)):
            target = values.place(asked, target)
            return make(_outline(asked, target), value, asked, target)
    for kind in foreign:
        if is_on(asked.get(kind, "")):
            target = values.place(asked, target)
            return _foreign(_outline(asked, target), kind, asked)
    return None


def _outline(asked: Asked, target: Target) -> Check:
    """A tcp check with all that every kind of check may have."""
    status = asked.get("initial_status", "").lower()
    if status and status not in set(Status):
        raise Refused(
            f"check_initial_status is passing, warning or critical, not {shown(status)}"
        )
    return Check(
        kind="tcp",
        target=str(target),
        chosen=target.chosen,
        interval=max(
            duration(asked, "interval") or DEFAULT_INTERVAL, SHORTEST_INTERVAL
        ),
        timeout=duration(asked, "timeout"),
        rise=values.in_a_row(asked, "rise"),
        fall=values.in_a_row(asked, "fall"),
        delay=duration(asked, "delay") or 0.0,
        initial_status=Status(status) if status else None,
        deregister_after=duration(asked, "deregister_after"),
    )


def _http(check: Check, path: str, asked: Asked, target: Target) -> Check:
    return _web(check, "http", path, asked, target)


def _https(check: Check, path: str, asked: Asked, target: Target) -> Check:
    return _web(_trusting(check, asked), "https", path, asked, target)


def _trusting(check: Check, asked: Asked) -> Check:
    """Say which certificate will do."""
    return replace(
        check,
        tls_skip_verify=is_on(asked.get("tls_skip_verify", "")),
        server_name=values.host("tls_server_name", asked.get("tls_server_name", "")),
    )


def _web(check: Check, scheme: str, path: str, asked: Asked, target: Target) -> Check:
    if not _VISIBLE.fullmatch(path):
        raise Refused(f"check_{scheme} is no path: {shown(path)}")
    # Also what keeps `@elsewhere/` from becoming the URL's host.
    slash = "" if path.startswith("/") else "/"
    method = asked.get(f"{scheme}_method") or asked.get("method", "")
    if method and not _METHOD.fullmatch(method):
        raise Refused(f"the check's method is no word: {shown(method)}")
    headers = asked.get("header", "") + "," + asked.get("headers", "")
    return replace(
        check,
        kind="http",
        target=f"{scheme}://{target}{slash}{path}",
        method=method.upper(),
        headers=values.headers(headers),
        body=values.text("body", asked.get("body", ""), 4096, also="\n\t"),
        statuses=values.statuses(asked.get("status", "")),
        expect=_expected(asked),
    )


def _expected(asked: Asked) -> str:
    return values.text("expect", asked.get("expect", ""), 1024)


def _script(check: Check, said: str, asked: Asked, target: Target) -> Check:
    return replace(_docker(check, said, asked, target), kind="script")


def _docker(check: Check, said: str, _asked: Asked, target: Target) -> Check:
    return replace(
        check,
        kind="docker",
        target=target.container,
        # It is run in the container, wherever that is reached.
        chosen=False,
        command=values.command(said, target),
    )


def _ttl(check: Check, _value: str, asked: Asked, _target: Target) -> Check:
    """Nothing is run: the daemon's word is all there is."""
    ttl = duration(asked, "ttl")
    if not ttl:
        raise Refused("check_ttl is not longer than nothing")
    return Check(
        kind="ttl",
        ttl=ttl,
        initial_status=check.initial_status,
        deregister_after=check.deregister_after,
    )


def _tcp(check: Check, _value: str, _asked: Asked, _target: Target) -> Check:
    return check


def _tls(check: Check, _value: str, asked: Asked, _target: Target) -> Check:
    return replace(_trusting(check, asked), kind="tls")


def _grpc(check: Check, said: str, asked: Asked, _target: Target) -> Check:
    service = _unless_true(said)
    if service and not _GRPC_SERVICE.fullmatch(service):
        raise Refused(f"check_grpc is neither true nor a service: {shown(said)}")
    tls = is_on(asked.get("grpc_use_tls", ""))
    check = _trusting(check, asked) if tls else check
    return replace(check, kind="grpc", asked=service, tls=tls)


def _udp(check: Check, said: str, asked: Asked, _target: Target) -> Check:
    datagram = values.text("udp", _unless_true(said), 1024)
    return replace(check, kind="udp", asked=datagram, expect=_expected(asked))


def _dns(check: Check, said: str, asked: Asked, _target: Target) -> Check:
    name, _, kind = said.strip().partition(" ")
    kind = kind.strip().upper()
    name = values.host("dns", _unless_true(name.removesuffix(".")))
    if not name or (kind and kind not in _DNS_TYPES):
        raise Refused(
            "check_dns is no name, or name and type, such as example.com A: "
            f"{shown(said)}"
        )
    question = f"{name} {kind}".strip()
    return replace(check, kind="dns", asked=question, expect=_expected(asked))


def _redis(check: Check, _value: str, _asked: Asked, _target: Target) -> Check:
    return replace(check, kind="redis")


def _foreign(check: Check, kind: str, asked: Asked) -> Check:
    """Take what stands behind the kind's name as it is: only its package knows it."""
    options: list[tuple[str, str]] = []
    for key in sorted(asked):
        option = key.removeprefix(f"{kind}_")
        if option == key:
            continue
        if not _OPTION.fullmatch(option) or len(options) >= _MOST_OPTIONS:
            raise Refused(f"check_{shown(key)} is no option, or one too many")
        options.append((option, values.text(key, asked[key], 1024)))
    said = values.text(kind, _unless_true(asked[kind]), 1024)
    return replace(
        check,
        kind=kind,
        asked=said,
        expect=_expected(asked),
        options=tuple(options),
    )


def _unless_true(said: str) -> str:
    return "" if said.lower() in _TRUE else said


_Make = Callable[[Check, str, Asked, Target], Check]

KINDS: Mapping[str, _Make] = {
    "http": _http,
    "https": _https,
    "cmd": _docker,
    "script": _script,
    "ttl": _ttl,
    "tcp": _tcp,
    "grpc": _grpc,
    "docker": _docker,
    "tls": _tls,
    "udp": _udp,
    "dns": _dns,
    "redis": _redis,
}
"""In the order in which the first one counts: the anchor's, then ours."""

_SWITCHES = frozenset({"tcp", "grpc", "tls", "udp", "dns", "redis"})
"""Kinds that can be said no to."""

OPTIONS = frozenset(
    {
        "interval",
        "timeout",
        "rise",
        "fall",
        "delay",
        "address",
        "method",
        "http_method",
        "https_method",
        "header",
        "headers",
        "body",
        "status",
        "expect",
        "tls_skip_verify",
        "tls_server_name",
        "grpc_use_tls",
        "initial_status",
        "deregister_after",
    }
)

OF_SOME: Mapping[str, frozenset[str]] = {
    "status": frozenset({"http"}),
    "expect": frozenset({"http", "udp", "dns"}),
}
"""Options that mean something to these of our kinds alone."""
