"""Checks as Consul's agent takes them, and what only we can tell it about them.

Sources: Consul's HTTP API, "Check - Agent"; what a 1.8.7 agent does with it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from registrator.check import Check
from registrator.fitness import Status, worst
from registrator.model import Service, ServiceId

Definition = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A check's status, and its output: a text for people.

    An agent with `discard_check_output` shows no output. What is not shown cannot
    differ: it would be written in every round, to no effect.
    """

    status: str
    output: str

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        shown = self.output and other.output
        return self.status == other.status and (
            not shown or self.output == other.output
        )

    def __hash__(self) -> int:
        return hash(self.status)


RUNNING = Report(Status.PASSING.value, "container is running")

Runs = Callable[[Check], bool]
"""Whether the agent runs a check, rather than the daemon."""

_KINDS = frozenset({"http", "tcp", "grpc", "ttl", "script", "docker"})

# A hundred years: the state stays as it was told until it is told anew, also
# while this daemon is away or the agent is started again.
_NEVER_EXPIRES = "876000h"
_DEFAULT_INTERVAL = 10.0  # as with gliderlabs/registrator


def runs(check: Check) -> bool:
    """Whether an agent of any version can run *check* as it was asked for.

    Agents leave alone what they do not know, and would say passing where the answer
    is not what was wanted: so a check with anything of that kind is not theirs. Nor
    is one of an address that a container named: agents look at whatever they are told.
    """
    more = check.statuses, check.expect, check.delay, check.server_name, check.chosen
    return check.kind in _KINDS and not any(more)


def waits_for_us(check: Check) -> bool:
    """Whether the agent cannot do without our word on *check*, whoever runs others."""
    return check.kind == "ttl"


def health_check_id(service: ServiceId) -> str:
    """Name the check that shows what the engine says about the container."""
    # What stands before the first colon tells the kinds apart, so that no
    # SERVICE_ID can be chosen to make its checks meet another service's.
    return f"health:{service}"


def check_ids(service: ServiceId, number: int) -> tuple[str, ...]:
    """Name so many of the service's own checks: the first as Consul itself would."""
    numbers = range(2, number + 1)
    first = (f"service:{service}",) if number else ()
    return first + tuple(f"service-{each}:{service}" for each in numbers)


def is_ours(check: str, service: ServiceId) -> bool:
    """Whether registrator gave *service* this check; others may have added some."""
    kind, _, rest = check.partition(":")
    numbered = kind.startswith("service-") and kind[8:].isdecimal()
    return rest == service and (numbered or kind in {"service", "health"})


def definitions(service: Service, runs: Runs = runs) -> tuple[Definition, ...]:
    """Write out those of the service's checks that the agent *runs*."""
    own = [each for each in service.checks if runs(each)]
    names = check_ids(service.id, len(own))
    return tuple(
        _common(service.name, name, check) | _particular(check)
        for name, check in zip(names, own, strict=True)
    )


def with_state(
    service: Service, own: Sequence[Definition], said: Report | None
) -> list[Definition]:
    """Add how the checks are to begin, and the one for what is said here.

    An agent keeps the state of checks that it knows already.
    """
    status = (said or RUNNING).status
    begun = [{"Status": status} | check if "TTL" in check else check for check in own]
    if said is not None:
        begun.append(
            {
                "CheckID": health_check_id(service.id),
                "Name": f"Service '{service.name}' container health",
                "Notes": "what the container engine, checks of ours or an operator say",
                "TTL": _NEVER_EXPIRES,
                "Status": status,
            }
        )
    return begun


def report(service: Service, runs: Runs = runs) -> Report | None:
    """Say what is known here, beside the checks that the agent *runs*.

    None where that is nothing.
    """
    results = zip(service.checks, service.results, strict=False)
    said = (
        service.operators_finding,
        service.engines_finding,
        *(result for check, result in results if not runs(check)),
    )
    findings = [each for each in said if each is not None]
    if not findings:
        return None
    decides = worst(findings)
    return Report(decides.status.value, decides.output)


def digest(own: Sequence[Definition], container: str) -> str:
    """Sum up the definitions, which an agent does not show again.

    They may hold a password, and everyone may read the sum: the container's whole
    id, of which Consul gets to know the beginning only, keeps it from being guessed.
    """
    text = json.dumps(own, sort_keys=True).encode()
    key = container.encode()[: hashlib.blake2b.MAX_KEY_SIZE]
    return hashlib.blake2b(text, key=key, digest_size=8).hexdigest()


def duration(seconds: float) -> str:
    """Write seconds as Go does: ``15s``, ``0.5s``; never with an exponent."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def _common(service: str, name: str, check: Check) -> Definition:
    written: Definition = {
        "CheckID": name,
        "Name": f"Service '{service}' {check.kind} check",
    }
    if check.kind != "ttl":
        interval = _DEFAULT_INTERVAL if check.interval is None else check.interval
        written["Interval"] = duration(interval)
        if check.timeout is not None:
            written["Timeout"] = duration(check.timeout)
        if check.rise > 1:
            written["SuccessBeforePassing"] = check.rise
        if check.fall > 1:
            written["FailuresBeforeCritical"] = check.fall
    if check.initial_status is not None:
        written["Status"] = check.initial_status.value
    if check.deregister_after is not None:
        written["DeregisterCriticalServiceAfter"] = duration(check.deregister_after)
    return written


def _particular(check: Check) -> Definition:
    match check.kind:
        case "http":
            return _http(check)
        case "tcp":
            return {"TCP": check.target}
        case "grpc":
            target = "/".join(filter(None, (check.target, check.asked)))
            return {"GRPC": target, "GRPCUseTLS": check.tls} | _trust(check)
        case "ttl":
            return {"TTL": duration(check.ttl or 0.0)}
        case "script":
            return {"Args": list(check.command)}
        case "docker":
            return {"DockerContainerID": check.target, "Args": list(check.command)}
    raise ValueError(f"an agent runs no {check.kind} check")


def _http(check: Check) -> Definition:
    written: Definition = {"HTTP": check.target} | _trust(check)
    headers: dict[str, list[str]] = {}
    for name, value in check.headers:
        headers.setdefault(name, []).append(value)
    optional = {"Method": check.method, "Header": headers, "Body": check.body}
    return written | {key: value for key, value in optional.items() if value}


def _trust(check: Check) -> Definition:
    return {"TLSSkipVerify": True} if check.tls_skip_verify else {}
