"""What the daemon shows of itself."""

from dataclasses import replace
from pathlib import Path

from registrator.engine import Engine, resolve
from registrator.labels import Rules
from registrator.model import Service
from registrator.overview import Overview
from registrator.snapshot import Snapshot
from registrator.source import Source
from standin import Fake, StandIn

WEB = Fake(name="web.1", image="web", ports={"80/tcp": 8000})


def in_maintenance(service: Service) -> Service:
    return replace(service, maintenance="new disk")


async def test_what_is_known_beside_the_engine_is_explained_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "docker.sock"
    uri, rules = f"unix://{path}", Rules(node="here", host_ipv4="10.0.0.1")
    async with StandIn(path) as standin, Engine(resolve({}, uri)) as engine:
        standin.present(WEB)
        snapshot = Snapshot(in_maintenance)
        overview = Overview(uri, [], "here")
        source = Source(engine, snapshot, lambda: rules, endpoint=uri)
        overview.show("here", source, snapshot, [])

        found = await overview.explain(WEB.id)

    [port] = found["ports"]
    assert port["service"] is not None
    assert port["service"]["decided_by"] == "maintenance"
    assert port["service"]["output"] == "in maintenance: new disk"
