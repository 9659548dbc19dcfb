"""What becomes of an operator's orders, with a stand-in engine and stores of memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from registrator.engine import Engine, resolve
from registrator.errors import Gone, Rejected, SourceError, Unavailable
from registrator.health.order_file import OrderFile
from registrator.health.orders import Drain, Maintenance, Scope, Target
from registrator.health.stops import Stops
from registrator.labels import Rules
from registrator.memory import MemoryBackend
from registrator.model import Container, ContainerId, State
from registrator.operations import Explain, Operations
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from registrator.source import Source
from samples import web
from standin import Fake, StandIn
from waiting import eventually

RULES = Rules(node="here", host_ipv4="10.0.0.1")
ONE = Fake(
    name="web.1",
    ports={"80/tcp": 8000},
    labels={"SERVICE_NAME": "web", "SERVICE_DRAIN": "5s"},
)
TWO = replace(ONE, name="web.2", ports={"80/tcp": 8001})
DB = Fake(name="db.1", ports={"80/tcp": 8002}, labels={"SERVICE_NAME": "db"})


class Room:
    """A daemon's parts at work."""

    def __init__(self, directory: Path, engine: Engine, standin: StandIn) -> None:
        self.now = 1000.0
        self.standin = standin
        self.store = MemoryBackend()
        self.file = OrderFile.open(directory / "state", "here")
        self.orders = self.file.orders
        self.snapshot = Snapshot(self.orders.judge)
        self.source = Source(
            engine,
            self.snapshot,
            lambda: RULES,
            endpoint="standin",
            lives=Stops(self.orders, self.snapshot, engine.signal, lambda: self.now),
        )
        self.reconciler = reconciler = Reconciler(
            self.store, self.snapshot, self.source.request_listing, Patience()
        )
        self.work = {
            "file": self.file.run(),
            "store": reconciler.run(),
            **self.source.tasks(),
        }
        self.operations = Operations(lambda: self.now)
        self.show(lambda _: None)

    def show(self, explain: Explain) -> None:
        self.operations.show(
            self.file, self.source, self.snapshot, [self.reconciler], explain
        )

    def registered(self) -> set[str]:
        return {each.container_name for each in self.store.records.values()}

    def reasons(self) -> dict[str, str | None]:
        found = self.snapshot.services.values()
        return {each.container_name: each.maintenance for each in found}

    async def has(self, *names: str) -> None:
        await eventually(lambda: self.registered() == set(names), f"{names} are there")


@asynccontextmanager
async def room(directory: Path) -> AsyncIterator[Room]:
    path = directory / "docker.sock"
    async with StandIn(path) as standin, Engine(resolve({}, f"unix://{path}")) as each:
        standin.present(ONE, TWO, DB)
        made = Room(directory, each, standin)
        tasks = [asyncio.ensure_future(work) for work in made.work.values()]
        try:
            await made.has("web.1", "web.2", "db.1")
            yield made
        finally:
            assert not any(task.done() for task in tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("scope", "name", "concerned"),
    [
        ("service", "web", {"web.1", "web.2"}),
        ("container", "web.1", {"web.1"}),
        ("container", ONE.id[:12], {"web.1"}),
        ("host", "", {"web.1", "web.2", "db.1"}),
    ],
)
async def test_a_maintenance_takes_its_target_out_of_use_and_puts_it_back(
    tmp_path: Path, scope: str, name: str, concerned: set[str]
) -> None:
    async with room(tmp_path) as here:
        done = await here.operations.maintain(scope, name, "disk", on=True)

        assert done["changed"]
        assert done["notes"] == []
        assert done["maintenance"]["scope"] == scope
        assert len(done["maintenance"]["services"]) == len(concerned)
        told = {key for key, reason in here.reasons().items() if reason == "disk"}
        assert told == concerned
        assert here.operations.listing()["maintenance"] == [done["maintenance"]]

        again = await here.operations.maintain(scope, name, "", on=False)

        assert again["changed"]
        assert set(here.reasons().values()) == {None}
        assert here.operations.listing()["maintenance"] == []


async def test_the_name_of_a_container_is_shown_whatever_it_was_given_by(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        done = await here.operations.maintain("container", ONE.id[:8], "", on=True)

        assert done["maintenance"]["name"] == "web.1"
        assert done["maintenance"]["container"] == ONE.id


async def test_a_service_that_nobody_has_yet_may_be_put_into_maintenance(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        done = await here.operations.maintain("service", "new", "not yet", on=True)
        assert done["notes"] == ["service new: nothing of that is here yet"]

        here.standin.start(replace(DB, name="new.1", labels={"SERVICE_NAME": "new"}))

        await eventually(lambda: here.reasons().get("new.1") == "not yet", "it counts")


async def test_what_was_in_no_maintenance_is_not_changed(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        done = await here.operations.maintain("host", "", "", on=False)

        assert not done["changed"]
        assert done["maintenance"]["since"] == ""


async def test_a_drained_container_leaves_every_registry_and_comes_back(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        begun = await here.operations.drain("web.1", on=True)
        assert begun["draining"]
        assert begun["holders"] or "web.1" not in here.registered()
        assert begun["left"] == 5.0
        await here.has("web.2", "db.1")

        here.now += 5
        over = await here.operations.drain("web.1", on=None)
        assert (over["holders"], over["left"]) == ([], 0.0)
        assert over["why"] == "registrator-ctl drain"
        assert here.operations.listing()["drains"] == [over]

        undone = await here.operations.drain("web.1", on=False)
        assert not undone["draining"]
        await here.has("web.1", "web.2", "db.1")


async def test_what_is_ordered_is_told_in_the_log_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "registrator.operations")
    async with room(tmp_path) as here:
        await here.operations.maintain("service", "web", "disk", on=True)
        await here.operations.maintain("service", "web", "", on=False)
        await here.operations.maintain("service", "web", "", on=False)
        await here.operations.drain("web.1", on=True)
        await here.operations.drain("web.1", on=False)

    told = [each.message for each in caplog.records if each.name.endswith("operations")]
    assert told == [
        "service web is in maintenance: disk",
        "service web is in maintenance no more",
        "container web.1 is drained: registrator-ctl drain",
        "container web.1 is drained no more",
    ]


async def test_a_second_order_to_drain_does_not_begin_anew(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.operations.drain("web.1", on=True)
        here.now += 3

        assert (await here.operations.drain("web.1", on=True))["left"] == 2.0


async def test_a_registry_that_is_away_holds_a_drain_up_and_is_named(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        here.store.outage = Unavailable("memory:// is away")

        await here.operations.drain("web.1", on=True)

        async def named() -> bool:
            [holder] = (await here.operations.drain("web.1", on=None))["holders"]
            return holder["error"] == "memory:// is away"

        await eventually(named, "it is named")


async def test_a_container_without_services_is_drained_with_a_note(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        here.standin.start(Fake(name="job"))

        done = await here.operations.drain("job", on=True)

        assert done["notes"] == ["container job offers no services"]


async def test_what_does_not_run_or_is_not_there_is_not_drained(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.standin.present(Fake(name="old", state="exited"))

        with pytest.raises(Rejected, match="container old does not run"):
            await here.operations.drain("old", on=True)
        with pytest.raises(Gone, match="no container is called nobody"):
            await here.operations.drain("nobody", on=True)
        with pytest.raises(Gone, match="no container is called nobody"):
            await here.operations.maintain("container", "nobody", "", on=True)


async def test_what_a_file_describes_is_drained_by_its_name_too(tmp_path: Path) -> None:
    described = Container(
        id=ContainerId("services:ssh"),
        name="services:ssh",
        image="",
        state=State.RUNNING,
    )
    async with room(tmp_path) as here:
        here.show(lambda name: (described, ()) if name == "services:ssh" else None)
        ssh = web("here:ssh:22", container=described.id, container_name="ssh")
        here.snapshot.replace(described.id, [ssh], at=1.0)
        await here.has("web.1", "web.2", "db.1", "ssh")

        await here.operations.drain("services:ssh", on=True)
        await here.has("web.1", "web.2", "db.1")
        here.source.request_listing()
        await eventually(lambda: here.snapshot.listings > 1, "a listing")

        assert described.id in here.orders.drains


async def test_what_was_ordered_of_an_entry_that_went_is_lifted_by_its_name(
    tmp_path: Path,
) -> None:
    one = ContainerId("services:ssh")
    async with room(tmp_path) as here:
        here.orders.drain(one, Drain(why="x", since=1.0, container_name=one))
        target = Target(scope=Scope.CONTAINER, name=one)
        here.orders.maintain(
            target, Maintenance(reason="", since=1.0, container_name=one)
        )

        assert not (await here.operations.drain(one, on=False))["draining"]
        done = await here.operations.maintain("container", one, "", on=False)

        assert done["changed"]
        with pytest.raises(Gone):
            await here.operations.drain(one, on=False)


async def test_an_order_is_lifted_while_the_engine_is_away(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.operations.drain("web.1", on=True)
        here.standin.fail("inspect", 500, times=1_000_000)

        undone = await here.operations.drain("web.1", on=False)

        assert (undone["container"], undone["draining"]) == (ONE.id, False)
        with pytest.raises(SourceError):
            await here.operations.drain("web.2", on=True)


async def test_orders_are_there_again_after_a_restart(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.operations.maintain("service", "db", "disk", on=True)
        await here.operations.drain("web.1", on=True)

    file = OrderFile.open(tmp_path / "state", "here")

    assert file.orders.drains.keys() == {ONE.id}
    assert [each.name for each in file.orders.maintained] == ["db"]


async def test_an_order_that_is_not_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no directory")
    async with room(tmp_path) as here:
        done = await here.operations.maintain("host", "", "", on=True)

    assert done["notes"] == ["this is not kept over a restart of the daemon: -state"]


async def test_before_the_engine_was_reached_no_order_is_taken() -> None:
    with pytest.raises(SourceError, match="was not reached yet"):
        Operations().listing()
    with suppress(SourceError):
        await Operations().drain("web.1", on=True)
        pytest.fail("it was taken")
