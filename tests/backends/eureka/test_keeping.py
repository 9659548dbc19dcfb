"""A host's services in Eureka, kept by the reconciler while servers come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from registrator.backend import Site
from registrator.model import ContainerId
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from registrator_backends.eureka import EurekaBackend
from samples import web
from standin_eureka import EurekaServer
from waiting import eventually

pytestmark = pytest.mark.needs_eureka


class Host:
    """What runs on a host: containers of one service each."""

    def __init__(self, node: str = "here") -> None:
        self.node = node
        self.snapshot = Snapshot()

    def starts(self, *names: str, port: int = 8000) -> None:
        for name in names:
            service = web(f"{self.node}:{name}:80", port=port)
            self.snapshot.replace(ContainerId(name), [service], at=now())

    def ends(self, *names: str) -> None:
        for name in names:
            self.snapshot.replace(ContainerId(name), (), at=now())

    def is_shown_by(self, server: EurekaServer) -> bool:
        """Whether the server holds what runs here: nothing missing, no ghosts."""
        wanted = {
            ("WEB", each.id): each.port for each in self.snapshot.services.values()
        }
        held = list(server.registry.leases.items())
        ours = {
            place: lease.sent["port"]["$"]
            for place, lease in held
            if lease.sent["metadata"]["registrator-owner"] == self.node
        }
        return ours == wanted


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def keeping(
    host: Host, *servers: EurekaServer, state: Path | None = None, ttl: float = 3
) -> AsyncIterator[None]:
    """Run a reconciler, as the daemon does; a short lease, for news to come soon."""
    places = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    site = Site(node=host.node, ttl=ttl, ttl_refresh=ttl / 3, state=state)
    host.snapshot.listed()
    async with (
        EurekaBackend.from_uri(f"eureka://{places}", site) as backend,
        asyncio.TaskGroup() as group,
    ):
        keeper = Reconciler(
            backend, host.snapshot, host.snapshot.listed, Patience(max_removals=1.0)
        )
        keeping = group.create_task(keeper.run(), name="keeper")
        yield
        keeping.cancel()


async def test_an_emptied_server_soon_holds_everything_again(
    real_eureka: EurekaServer,
) -> None:
    host = Host()
    host.starts("a", "b", "c")
    async with keeping(host, real_eureka):
        await eventually(lambda: host.is_shown_by(real_eureka), "all are there")
        real_eureka.empty()

        await eventually(lambda: host.is_shown_by(real_eureka), "all are back")


async def test_what_starts_and_ends_during_an_outage_is_made_up_for(
    real_eureka: EurekaServer,
) -> None:
    host = Host()
    host.starts("a", "b")
    async with keeping(host, real_eureka):
        await eventually(lambda: host.is_shown_by(real_eureka), "all are there")
        with real_eureka.outage():
            host.ends("a")
            host.starts("c")
            host.starts("b", port=9)

        await eventually(lambda: host.is_shown_by(real_eureka), "the truth is there")


async def test_a_killed_server_is_replaced_by_its_peer(
    peers: list[EurekaServer],
) -> None:
    host = Host()
    host.starts("a", "b")
    async with keeping(host, *peers):
        await eventually(lambda: host.is_shown_by(peers[2]), "all are there")
        peers[0].stop()
        host.ends("a")
        host.starts("c")

        await eventually(lambda: host.is_shown_by(peers[1]), "the peer has it")
        await eventually(lambda: host.is_shown_by(peers[2]), "and its peer has it")


async def test_leases_are_kept_alive_for_as_long_as_the_daemon_runs(
    real_eureka: EurekaServer,
) -> None:
    host = Host()
    host.starts("a", "b")
    async with keeping(host, real_eureka):
        await eventually(lambda: host.is_shown_by(real_eureka), "all are there")
        await eventually(lambda: len(real_eureka.asked("PUT ")) >= 6, "heartbeats come")
    posts = len(real_eureka.asked("POST "))
    real_eureka.advance(300)

    assert posts == 2
    assert real_eureka.instances() == {}


async def test_the_heartbeats_of_1000_go_round(real_eureka: EurekaServer) -> None:
    host = Host()
    host.starts(*(f"web.{number}" for number in range(1000)))
    async with keeping(host, real_eureka, ttl=9):
        held = real_eureka.registry.leases
        await eventually(lambda: len(held) == 1000, "all are there", 100)
        del real_eureka.requests[:]
        await eventually(
            lambda: len(real_eureka.requests) > 2500, "heartbeats come", 100
        )

    beats = [request.path for request in real_eureka.asked("PUT ")]
    seen: dict[str, int] = {}
    apart = set()
    for number, path in enumerate(beats):
        if path in seen:
            apart.add(number - seen[path])
        seen[path] = number
    # Some are under way at once, and may arrive in another order.
    assert min(apart) > 900
    assert max(apart) < 1100
    assert len(seen) == 1000


async def test_a_container_that_ended_while_nobody_looked_is_removed_at_the_start(
    real_eureka: EurekaServer, tmp_path: Path
) -> None:
    host = Host()
    host.starts("a", "b")
    async with keeping(host, real_eureka, state=tmp_path):
        await eventually(lambda: host.is_shown_by(real_eureka), "all are there")
    kept = real_eureka.instances()["WEB", "here:b:80"]["lastDirtyTimestamp"]
    later = Host()
    later.starts("b")

    async with keeping(later, real_eureka, state=tmp_path):
        await eventually(lambda: later.is_shown_by(real_eureka), "the truth is there")

    assert real_eureka.instances()["WEB", "here:b:80"]["lastDirtyTimestamp"] == kept


async def test_two_hosts_never_touch_each_others_instances(
    real_eureka: EurekaServer,
) -> None:
    one, other = Host("one"), Host("other")
    one.starts("a")
    other.starts("a", "b")
    async with keeping(one, real_eureka), keeping(other, real_eureka):
        await eventually(lambda: one.is_shown_by(real_eureka), "one is there")
        await eventually(lambda: other.is_shown_by(real_eureka), "the other is there")
        one.ends("a")
        await eventually(lambda: one.is_shown_by(real_eureka), "one is gone")

        assert other.is_shown_by(real_eureka)
