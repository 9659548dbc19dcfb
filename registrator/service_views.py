"""A service as it is shown: how fit it is, who says so, and who decides."""

from collections.abc import Iterator, Sequence

from registrator.check import Check
from registrator.fitness import Cause, Finding
from registrator.health.checks import CheckReport
from registrator.model import Service
from registrator.views import FindingView, ServiceView, SyncView


def service_view(
    service: Service,
    backends: list[SyncView],
    checks: Sequence[CheckReport | None] = (),
) -> ServiceView:
    """Show *service*, how each registry stands with it, and each of its *checks*."""
    said = list(_findings(service, checks))
    return ServiceView(
        service=service.name,
        id=service.id,
        address=service.address,
        port=service.port,
        transport=service.transport,
        tags=list(service.tags),
        metadata=dict(service.metadata),
        status=service.status,
        health=service.health,
        decided_by=next((each["said_by"] for each in said if each["decides"]), ""),
        output=service.finding.output,
        findings=said,
        withheld=_withheld(service),
        container=service.container,
        container_name=service.container_name,
        backends=[_sync(each, service) for each in backends],
    )


def _withheld(service: Service) -> str:
    """Say why no registry is to have it; "" where they are to."""
    if not service.withheld:
        return ""
    return service.draining or f"it must be healthy, and is {service.status}"


def _sync(view: SyncView, service: Service) -> SyncView:
    """Tell what is kept from a registry from what its format has no room for."""
    kept = service.withheld and view["state"] == "left-out"
    return {**view, "state": "withheld"} if kept else view


def _findings(
    service: Service, checks: Sequence[CheckReport | None]
) -> Iterator[FindingView]:
    """Show what each says in the order in which they count, with all of the checks."""
    results, reports = dict(enumerate(service.results)), dict(enumerate(checks))
    said: list[tuple[str, Finding | None, CheckReport | None]] = [
        (finding.cause, finding, None)
        for finding in (service.operators_finding, service.engines_finding)
        if finding is not None
    ]
    said += [
        (_named(check), results.get(number), reports.get(number))
        for number, check in enumerate(service.checks)
    ]
    # Of two that say the same, the first is the one that decides.
    undecided = bool(service.findings)
    for who, finding, report in said:
        decides = undecided and finding == service.finding
        undecided = undecided and not decides
        yield FindingView(
            said_by=who,
            status="" if finding is None else finding.status,
            output="not run here" if finding is None else finding.output,
            decides=decides,
            held=report.held_for if report else 0.0,
            last=report.output if report else "",
        )


def _named(check: Check) -> str:
    """Name a check: its kind, and what it looks at, without what may be a secret."""
    target = "" if check.command else check.target.partition("?")[0]
    return f"{Cause.CHECK} {check.kind} {target}".rstrip()
