"""What a HAProxy side may show on a control socket: small, and as hostile as can be."""

from dataclasses import dataclass, field

from registrator.errors import ConfigError, Unavailable
from registrator.haproxy_api import Proposed
from registrator.haproxy_views import (
    HaproxyDampedView,
    HaproxyEntryView,
    HaproxyFileView,
    HaproxyMetricView,
    HaproxyPlanView,
    HaproxyProblemsView,
    HaproxyServerView,
    HaproxySourceView,
    HaproxyStepView,
    HaproxyView,
)

ETCD = "etcd://h:2379/services"


def server(name: str = "web.1_10.0.0.1:80", **changes: object) -> HaproxyServerView:
    view = HaproxyServerView(
        service="web",
        backend="web",
        server=name,
        address="10.0.0.1:80",
        state="up",
        weight=1,
        sessions=3,
        queued=0,
        since=12,
        wanted=True,
        sources=[ETCD],
    )
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def source(**changes: object) -> HaproxySourceView:
    view = HaproxySourceView(
        service="web",
        registry=ETCD,
        known=True,
        current=True,
        age=0.0,
        shown=2,
        served=2,
        held="",
        error="",
    )
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def damped(instance: str) -> HaproxyDampedView:
    return HaproxyDampedView(
        service="web", registry=ETCD, instance=instance, seconds=61.0
    )


def problems(service: str, *some: str) -> HaproxyProblemsView:
    return HaproxyProblemsView(service=service, problems=list(some))


def entry(what: str, why: str = "") -> HaproxyEntryView:
    at = "2026-11-25T05:14:19.123+00:00"
    return HaproxyEntryView(at=at, kind="runtime", what=what, why=why)


def glance(**changes: object) -> HaproxyView:
    view = HaproxyView(
        version="1.2.3",
        configuration="/etc/registrator/haproxy.yaml",
        file="/run/registrator-haproxy/haproxy.cfg",
        well=True,
        trouble="",
        servers=[server()],
        sources=[source()],
        quarantined=[],
        refused=[],
        damped=[],
        journal=[entry("add web: web.1_10.0.0.1:80")],
        metrics=[
            HaproxyMetricView(
                name="registrator_haproxy_runtime_changes_total",
                kind="counter",
                labels={"act": "add"},
                value=1,
            )
        ],
    )
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def plan(**changes: object) -> HaproxyPlanView:
    view = HaproxyPlanView(reasons=[], steps=[], quarantined=[], refused=[], held=[])
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def step(act: str, name: str, address: str = "") -> HaproxyStepView:
    return HaproxyStepView(act=act, backend="web", server=name, address=address)


@dataclass
class HaproxyShowcase:
    """Shows what it was given."""

    glance: HaproxyView = field(default_factory=glance)
    planned: HaproxyPlanView = field(default_factory=plan)
    now: str = ""
    then: str = ""
    wrong: tuple[str, ...] = ()
    """What is wrong with anything that is proposed."""
    away: bool = False
    proposed: list[Proposed | None] = field(default_factory=list)

    async def describe(self) -> HaproxyView:
        if self.away:
            raise Unavailable("haproxy: it is being started")
        return self.glance

    async def plan(self, proposed: Proposed | None) -> HaproxyPlanView:
        self._note(proposed)
        return self.planned

    async def file(self, proposed: Proposed | None) -> HaproxyFileView:
        self._note(proposed)
        return HaproxyFileView(file="/run/haproxy.cfg", now=self.now, then=self.then)

    def _note(self, proposed: Proposed | None) -> None:
        self.proposed.append(proposed)
        if proposed is not None and self.wrong:
            raise ConfigError(*self.wrong)
        if self.away:
            raise Unavailable("haproxy: no answer")
