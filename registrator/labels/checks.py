"""The health checks that a container asks for with SERVICE_CHECK_...

A check that cannot be read refuses its service. Without it the service would count as
healthy for ever, and nobody would notice until clients were sent to a dead one.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from registrator.check import Check
from registrator.fitness import Status
from registrator.labels.durations import seconds
from registrator.labels.tags import split_tags
from registrator.labels.whitelist import Refused, is_on, shown
from registrator.model import ContainerId, endpoint

MAX_CHECKS = 16
DEFAULT_INTERVAL = 10.0

_NUMBERED = re.compile(r"([0-9]{1,4})_(.+)")
_VISIBLE = re.compile(r"[!-~]{1,1024}")
_METHOD = re.compile(r"[A-Za-z]{1,16}")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}): *([ -~]{0,1024})")
_SHELL = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1"})

Asked = Mapping[str, str]
"""What was asked for one check, without `check_` and its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is checked."""

    address: str
    port: int
    container: ContainerId

    def __str__(self) -> str:
        return endpoint(self.address, self.port)


def checks(values: Asked, target: Target) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Read every check in the metadata *values*, and what is odd about them.

    The unnumbered one first, then by number. Raise `Refused` for one that cannot be.
    """
    asked = {
        key.removeprefix("check_"): value
        for key, value in values.items()
        if key.startswith("check_")
    }
    if not asked:
        return (), ()
    single, numbered = _sorted_out(asked)
    if len(numbered) >= MAX_CHECKS:
        raise Refused(f"more than {MAX_CHECKS} checks of one service")
    shared = {key: value for key, value in single.items() if key not in KINDS}
    groups = [single, *({**shared, **numbered[number]} for number in sorted(numbered))]
    found = [_check(group, target) for group in groups]
    wanted = tuple(check for check in found if check is not None)
    return wanted, tuple(_oddities(groups, wanted))


def _sorted_out(asked: Asked) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
    single: dict[str, str] = {}
    numbered: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for key, value in asked.items():
        if found := _NUMBERED.fullmatch(key):
            numbered[int(found.group(1))][found.group(2)] = value
        else:
            single[key] = value
    return single, numbered


def _check(asked: Asked, target: Target) -> Check | None:
    """The check that *asked* describes; None where it describes none."""
    for kind, make in KINDS.items():
        value = asked.get(kind, "")
        if value and (kind not in _SWITCHES or is_on(value)):
            return make(_outline(asked, target), value, asked, target)
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
        interval=_duration(asked, "interval") or DEFAULT_INTERVAL,
        timeout=_duration(asked, "timeout"),
        initial_status=Status(status) if status else None,
        deregister_after=_duration(asked, "deregister_after"),
    )


def _http(check: Check, path: str, asked: Asked, target: Target) -> Check:
    return _web(check, "http", path, asked, target)


def _https(check: Check, path: str, asked: Asked, target: Target) -> Check:
    check = replace(check, tls_skip_verify=is_on(asked.get("tls_skip_verify", "")))
    return _web(check, "https", path, asked, target)


def _web(check: Check, scheme: str, path: str, asked: Asked, target: Target) -> Check:
    if not _VISIBLE.fullmatch(path):
        raise Refused(f"check_{scheme} is no path: {shown(path)}")
    # Also what keeps `@elsewhere/` from becoming the URL's host.
    slash = "" if path.startswith("/") else "/"
    method = asked.get(f"{scheme}_method") or asked.get("method", "")
    if method and not _METHOD.fullmatch(method):
        raise Refused(f"the check's method is no word: {shown(method)}")
    body = asked.get("body", "")
    if len(body) > 4096 or not all(
        char.isprintable() or char in "\n\t" for char in body
    ):
        raise Refused(f"check_body is not printable or too long: {shown(body)}")
    return replace(
        check,
        kind="http",
        target=f"{scheme}://{target}{slash}{path}",
        method=method.upper(),
        headers=_headers(asked.get("header", "") + "," + asked.get("headers", "")),
        body=body,
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    """Read `Name: value,Other: value`, with commas escaped as in tags."""
    headers = []
    for part in split_tags(text):
        found = _HEADER.fullmatch(part.strip())
        if found is None:
            raise Refused(f"check_header is no `Name: value`: {shown(part)}")
        headers.append((found.group(1), found.group(2)))
    return tuple(headers)


def _script(check: Check, text: str, _asked: Asked, target: Target) -> Check:
    return replace(check, kind="script", target="", command=_command(text, target))


def _docker(check: Check, text: str, _asked: Asked, target: Target) -> Check:
    command = _command(text, target)
    return replace(check, kind="docker", target=target.container, command=command)


def _command(text: str, target: Target) -> tuple[str, ...]:
    """Cut *text* into arguments as a shell would; no shell is ever asked."""
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        problem = str(error).lower()
        raise Refused(f"the check's command {shown(text)}: {problem}") from None
    if not arguments or len(text) > 4096 or not all(map(str.isprintable, arguments)):
        raise Refused(f"the check's command cannot be run: {shown(text)}")
    return tuple(
        argument.replace("$SERVICE_IP", target.address).replace(
            "$SERVICE_PORT", str(target.port)
        )
        for argument in arguments
    )


def _ttl(check: Check, _value: str, asked: Asked, _target: Target) -> Check:
    ttl = _duration(asked, "ttl")
    if not ttl:
        raise Refused("check_ttl is not longer than nothing")
    return replace(check, kind="ttl", target="", interval=None, timeout=None, ttl=ttl)


def _tcp(check: Check, _value: str, _asked: Asked, _target: Target) -> Check:
    return check


def _grpc(check: Check, _value: str, asked: Asked, _target: Target) -> Check:
    tls = is_on(asked.get("grpc_use_tls", ""))
    skip = tls and is_on(asked.get("tls_skip_verify", ""))
    return replace(check, kind="grpc", tls=tls, tls_skip_verify=skip)


def _duration(asked: Asked, key: str) -> float | None:
    """The seconds that *key* asks for; None for nothing and for zero."""
    text = asked.get(key, "").strip()
    try:
        return (seconds(text) or None) if text else None
    except ValueError:
        raise Refused(
            f"check_{key} is no duration such as 10s, 1m30s or 0.5: {shown(text)}"
        ) from None


def _oddities(groups: Iterable[Asked], wanted: Iterable[Check]) -> Iterator[str]:
    unknown = {key for group in groups for key in group} - KINDS.keys() - OPTIONS
    if unknown:
        yield f"not known after SERVICE_CHECK_: {shown(', '.join(sorted(unknown)))}"
    for check in wanted:
        for argument in check.command:
            if argument in _SHELL:
                yield f"no shell runs the check: {argument} is just an argument"


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
}
"""In the order in which the first one counts: the anchor's, then ours."""

_SWITCHES = frozenset({"tcp", "grpc"})
"""Kinds that say no more than yes or no."""

OPTIONS = frozenset(
    {
        "interval",
        "timeout",
        "method",
        "http_method",
        "https_method",
        "header",
        "headers",
        "body",
        "tls_skip_verify",
        "grpc_use_tls",
        "initial_status",
        "deregister_after",
    }
)
