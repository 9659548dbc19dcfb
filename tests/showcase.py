"""Views to show on a control socket: small, and as hostile as labels can be."""

import asyncio
from dataclasses import dataclass, field

from registrator.dns_views import (
    DnsAnswerView,
    DnsRecordView,
    DnsSourceView,
    ResponderView,
)
from registrator.errors import Gone, Rejected, SourceError, Unavailable
from registrator.views import (
    BackendView,
    ContainerView,
    EngineView,
    PortView,
    ServiceView,
    StatusView,
    SyncView,
)

HOSTILE = "[red]x[/red]\x1b]0;owned\x07\x1b[2J\r\nforged \u202e:smile:"


def service(name: str = "web", **changes: str) -> ServiceView:
    view = ServiceView(
        service=name,
        id=f"here:{name}.1:80",
        address="10.0.0.1",
        port=8000,
        transport="tcp",
        tags=["a", "b"],
        metadata={"version": "1"},
        status="passing",
        health="none",
        decided_by="",
        output="",
        findings=[],
        withheld="",
        container="4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2",
        container_name=f"{name}.1",
        backends=[SyncView(registry="dns://127.0.0.1:8600", state="in-sync", error="")],
    )
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


def port(reason: str = "published", service: ServiceView | None = None) -> PortView:
    return PortView(
        port="80/tcp",
        registered=service is not None,
        rule="published" if service else "not-published",
        reason=reason,
        notes=[],
        service=service,
    )


def container(name: str, *ports: PortView) -> ContainerView:
    return ContainerView(
        container="4fa6e0f0c678" * 5,
        name=name,
        image="nginx:1",
        state="running",
        health="healthy",
        network_mode="bridge",
        ports=list(ports),
    )


def answer(name: str = "web.service.consul", **changes: object) -> DnsAnswerView:
    source = DnsSourceView(
        service="web", id="here:web.1:80", node="here", registry="etcd://h:2379"
    )
    record = DnsRecordView(
        section="answer",
        name=f"{name}.",
        ttl=0,
        type="A",
        data="10.0.0.1",
        sources=[source],
    )
    view = DnsAnswerView(
        responder="dns://127.0.0.1:8600/consul",
        name=name,
        type="A",
        rcode="NOERROR",
        reason="",
        records=[record],
    )
    return {**view, **changes}  # type: ignore[typeddict-item]  # told by the caller


@dataclass
class Showcase:
    """Shows what it was given."""

    found: list[ServiceView] = field(default_factory=list)
    containers: dict[str, ContainerView] = field(default_factory=dict)
    well: bool = True
    error: str = ""
    away: bool = False
    asked: list[str] = field(default_factory=list)
    answers: list[DnsAnswerView] = field(default_factory=list)
    name_servers: list[ResponderView] = field(default_factory=list)
    hanging: asyncio.Event | None = None
    """Set once somebody waits for an explanation, which then never comes."""

    def services(self, name: str) -> list[ServiceView]:
        self.asked.append(name)
        return [each for each in self.found if name in {"", each["service"]}]

    def status(self) -> StatusView:
        engine = EngineView(
            endpoint="unix:///var/run/docker.sock",
            connected=not self.away,
            containers=3,
            waiting=0,
            listings=2,
            listed_ago=12.4,
            error=self.error if self.away else "",
        )
        backend = BackendView(
            registry="consul://127.0.0.1:8500",
            reachable=self.well,
            records=len(self.found),
            waiting=0,
            held=0,
            error=self.error,
            round_ago=None,
            lag=0.0015,
            retries=1,
        )
        return StatusView(
            version="1.2.3",
            node="here",
            well=self.well,
            services=len(self.found),
            engine=engine,
            backends=[backend],
        )

    async def explain(self, container: str) -> ContainerView:
        self.asked.append(container)
        if self.hanging is not None:
            self.hanging.set()
            await asyncio.Event().wait()
        if self.away:
            raise SourceError(f"the engine is away: {self.error}")
        if container not in self.containers:
            raise Gone(f"no such container: {container}")
        return self.containers[container]

    async def responders(self) -> list[ResponderView]:
        if self.away:
            raise Unavailable(f"the dns responder is gone: {self.error}")
        return self.name_servers

    async def look_up(self, name: str, kind: str) -> list[DnsAnswerView]:
        self.asked.append(f"{name} {kind}")
        if self.away:
            raise Unavailable(f"the dns responder is gone: {self.error}")
        if kind == "NONSENSE":
            raise Rejected(f"{kind!r} is no type of record")
        return self.answers
