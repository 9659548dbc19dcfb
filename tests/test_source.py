"""The engine's side, against a stand-in for what a real engine cannot be brought to."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from registrator.engine import Engine, resolve
from registrator.errors import Gone, SourceError
from registrator.health.orders import Drain, Orders
from registrator.health.stops import Stops
from registrator.labels import Rules
from registrator.model import ContainerId
from registrator.snapshot import Snapshot
from registrator.source import Deregister, Source
from standin import Fake, StandIn, numbered
from waiting import eventually

RULES = Rules(node="here", host_ipv4="10.0.0.1")
WEB = Fake(name="web.1", image="web", ports={"80/tcp": 8000})


class Watch:
    """A source at work on a stand-in engine."""

    def __init__(self, standin: StandIn, source: Source, snapshot: Snapshot) -> None:
        self.standin = standin
        self.source = source
        self.snapshot = snapshot

    def ports(self) -> dict[str, int]:
        """The services that are there, by their containers' names."""
        found = self.snapshot.services.values()
        return {service.container_name: service.port for service in found}

    def addresses(self) -> set[str]:
        return {service.address for service in self.snapshot.services.values()}

    async def shows(self, **ports: int) -> None:
        wanted = {name.replace("_", "."): port for name, port in ports.items()}
        await eventually(lambda: self.ports() == wanted, f"{wanted} in the snapshot")

    async def listings(self, number: int) -> None:
        await eventually(lambda: self.snapshot.listings >= number, f"{number} listings")


@asynccontextmanager
async def watching(
    path: Path,
    *fakes: Fake,
    rules: Callable[[], Rules] = lambda: RULES,
    resync: float = 0.0,
    deregister: Deregister = "always",
    orders: Orders | None = None,
) -> AsyncIterator[Watch]:
    uri = f"unix://{path}"
    async with StandIn(path) as standin, Engine(resolve({}, uri)) as engine:
        standin.present(*fakes)
        orders = orders or Orders()
        snapshot = Snapshot(orders.judge)
        source = Source(
            engine,
            snapshot,
            rules,
            endpoint=uri,
            resync=resync,
            deregister=deregister,
            lives=Stops(orders, snapshot),
        )
        work = [asyncio.ensure_future(each) for each in source.tasks().values()]
        try:
            yield Watch(standin, source, snapshot)
        finally:
            broken = [task for task in work if task.done()]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        assert not broken


def network_event(action: str, fake: Fake) -> bytes:
    event = {
        "Type": "network",
        "Action": action,
        "Actor": {"ID": "f" * 64, "Attributes": {"container": fake.id}},
        "timeNano": time.time_ns(),
    }
    return json.dumps(event).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


async def test_what_runs_already_is_found_and_then_everything_is_listed(
    path: Path,
) -> None:
    async with watching(path, *numbered(0, 30)) as watch:
        await watch.listings(1)

        assert len(watch.ports()) == 30
        assert watch.source.report().connected
        assert watch.source.report().containers == 30
        assert watch.source.report().waiting == 0
        assert watch.source.report().listed_at is not None


async def test_nothing_counts_as_listed_before_everything_was_looked_at(
    path: Path,
) -> None:
    async with watching(path, WEB) as watch:
        watch.standin.hold("inspect")
        await watch.standin.asked("inspect")
        assert watch.snapshot.listings == 0

        watch.standin.release("inspect")
        await watch.listings(1)

        assert watch.ports() == {"web.1": 8000}


async def test_a_listing_of_nothing_is_one(path: Path) -> None:
    async with watching(path) as watch:
        await watch.listings(1)

        assert watch.ports() == {}


async def test_a_container_comes_changes_and_goes_with_its_events(path: Path) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        watch.standin.start(WEB)
        await watch.shows(web_1=8000)

        watch.standin.start(replace(WEB, ports={"80/tcp": 8001}))
        await watch.shows(web_1=8001)

        watch.standin.die(WEB)
        await watch.shows()
        assert watch.source.report().containers == 0


async def test_an_event_costs_one_inspection_and_no_listing(path: Path) -> None:
    async with watching(path, *numbered(0, 10)) as watch:
        await watch.listings(1)
        before = watch.standin.counts.copy()

        watch.standin.start(WEB)
        await eventually(lambda: "web.1" in watch.ports(), "the container")

        assert watch.standin.counts - before == {"inspect": 1}


async def test_a_second_listing_inspects_only_what_changed(path: Path) -> None:
    async with watching(path, WEB, *numbered(0, 10), resync=0.05) as watch:
        await watch.listings(1)
        before = watch.standin.counts["inspect"]

        watch.standin.present(replace(WEB, ports={"80/tcp": 8001}))
        await watch.listings(watch.snapshot.listings + 2)

        assert watch.ports()["web.1"] == 8001
        assert watch.standin.counts["inspect"] == before + 1


async def test_what_a_listing_misses_goes_when_it_is_whole(path: Path) -> None:
    async with watching(path, WEB, resync=0.05) as watch:
        await watch.shows(web_1=8000)

        watch.standin.lose(WEB)

        await watch.shows()


async def test_a_listing_that_fails_removes_nothing_and_is_repeated(path: Path) -> None:
    async with watching(path, WEB, resync=0.05) as watch:
        await watch.listings(1)
        watch.standin.fail("list", 500, 3)
        failing = watch.standin.counts["list"] + 3
        await watch.standin.asked("list", failing)
        assert watch.ports() == {"web.1": 8000}

        watch.standin.lose(WEB)

        await watch.shows()


async def test_an_inspection_that_fails_leaves_the_records_and_is_repeated(
    path: Path,
) -> None:
    async with watching(path, WEB) as watch:
        await watch.listings(1)
        watch.standin.fail("inspect", 500, 2)
        failing = watch.standin.counts["inspect"] + 1

        watch.standin.start(replace(WEB, ports={"80/tcp": 8001}))
        await watch.standin.asked("inspect", failing)
        assert watch.ports() == {"web.1": 8000}

        await watch.shows(web_1=8001)


async def test_what_is_heard_during_a_look_is_looked_at_again(path: Path) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        watch.standin.hold("inspect")
        watch.standin.start(WEB)
        await watch.standin.asked("inspect")

        watch.standin.die(WEB)
        watch.standin.release("inspect")

        await watch.standin.asked("inspect", 2)
        await watch.shows()


async def test_what_starts_during_a_listing_that_misses_it_stays(path: Path) -> None:
    async with watching(path) as watch:
        watch.standin.hold("list")
        await watch.standin.asked("list")

        watch.standin.start(WEB)
        await watch.shows(web_1=8000)
        watch.standin.release("list")
        await watch.listings(1)

        assert watch.ports() == {"web.1": 8000}


@pytest.mark.parametrize("how", ["cut", "end"])
async def test_a_stream_that_breaks_is_opened_again_and_all_is_listed(
    path: Path, how: str
) -> None:
    async with watching(path, WEB) as watch:
        await watch.listings(1)

        if how == "cut":
            watch.standin.cut()
        else:
            watch.standin.end()
        watch.standin.lose(WEB)

        await watch.listings(2)
        assert watch.ports() == {}
        assert watch.source.report().connected


async def test_an_engine_that_is_away_leaves_everything_as_it_was(path: Path) -> None:
    async with watching(path, WEB) as watch:
        await watch.listings(1)
        await watch.standin.away()
        await eventually(lambda: not watch.source.report().connected, "the absence")
        assert watch.source.report().error
        assert watch.ports() == {"web.1": 8000}

        watch.standin.lose(WEB)
        await watch.standin.back()

        await watch.shows()
        assert watch.source.report().error == ""


async def test_the_same_failure_is_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        opened = watch.standin.counts["events"]
        watch.standin.fail("events", 500, 3)
        watch.standin.cut()
        await watch.standin.asked("events", opened + 4)

    refusals = [each for each in caplog.records if "500 no" in each.message]
    assert len(refusals) == 1


ENDS = {
    "always": {0: False, 1: False, 137: False},
    "on-success": {0: False, 1: True, 137: False, 143: False},
    "never": {0: True, 1: True, 137: True},
}


@pytest.mark.parametrize(
    ("deregister", "exit_code", "kept"),
    [(word, code, kept) for word, row in ENDS.items() for code, kept in row.items()],
)
async def test_the_records_of_an_ended_container_go_as_the_operator_says(
    path: Path, deregister: Deregister, exit_code: int, *, kept: bool
) -> None:
    async with watching(path, WEB, deregister=deregister) as watch:
        await watch.listings(1)

        watch.standin.die(WEB, exit_code=exit_code)
        watch.standin.start(replace(WEB, name="web.2"))

        await watch.shows(**({"web_1": 8000} if kept else {}), web_2=8000)


async def test_a_container_that_was_removed_is_kept_only_by_never(path: Path) -> None:
    async with watching(path, WEB, deregister="never") as watch:
        await watch.listings(1)

        watch.standin.remove(WEB)
        watch.standin.start(replace(WEB, name="web.2"))
        await watch.shows(web_1=8000, web_2=8000)
        watch.source.request_listing()
        await watch.listings(2)

        assert watch.ports() == {"web.1": 8000, "web.2": 8000}


async def test_a_host_that_changes_its_address_registers_everything_anew(
    path: Path,
) -> None:
    addresses = ["10.0.0.1"]

    def rules() -> Rules:
        return replace(RULES, host_ipv4=addresses[-1])

    async with watching(path, WEB, rules=rules, resync=0.05) as watch:
        await watch.listings(1)

        addresses.append("10.0.0.2")

        await eventually(
            lambda: (
                {s.address for s in watch.snapshot.services.values()} == {"10.0.0.2"}
            ),
            "the new address",
        )


async def test_a_container_in_anothers_network_follows_that_one(path: Path) -> None:
    front = Fake(name="front", ports={"80/tcp": 8000})
    side = Fake(
        name="side",
        network_mode=f"container:{front.id}",
        environment=("SERVICE_80_NAME=side",),
    )
    async with watching(path, front, side) as watch:
        await watch.listings(1)

        watch.standin.start(replace(front, ports={"80/tcp": 8001}))

        await eventually(lambda: set(watch.ports().values()) == {8001}, "the new port")


async def test_a_network_that_is_joined_or_left_changes_the_address(
    path: Path,
) -> None:
    rules = replace(RULES, internal=True, network="front")
    both = {"bridge": "172.17.0.2", "front": "10.9.0.7"}
    alone = replace(WEB, networks={"bridge": "172.17.0.2"})
    async with watching(path, alone, rules=lambda: rules) as watch:
        await watch.listings(1)
        assert watch.addresses() == {"172.17.0.2"}

        watch.standin.present(replace(alone, networks=both))
        watch.standin.emit(network_event("connect", alone))
        await eventually(lambda: watch.addresses() == {"10.9.0.7"}, "joined")
        watch.standin.present(alone)
        watch.standin.emit(network_event("disconnect", alone))

        await eventually(lambda: watch.addresses() == {"172.17.0.2"}, "left")


async def test_a_network_is_no_matter_before_its_container_runs(path: Path) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        watch.standin.present(replace(WEB, state="created"))
        watch.standin.emit(network_event("connect", WEB))
        watch.standin.start(replace(WEB, name="db"))
        await watch.shows(db=8000)

        # The engine would have whoever asks wait for the start to be over.
        assert watch.standin.counts["inspect"] == 1
        watch.standin.start(WEB)
        await watch.shows(db=8000, web_1=8000)


async def test_rivals_for_an_id_hand_it_over_and_back(path: Path) -> None:
    old = replace(WEB, name="old", environment=("SERVICE_ID=one",))
    new = replace(
        old,
        name="new",
        ports={"80/tcp": 9000},
        started="2026-11-24T00:00:00.000000001Z",
    )
    async with watching(path, old) as watch:
        await watch.shows(old=8000)
        watch.standin.start(new)
        await watch.shows(new=9000)

        watch.standin.die(new)

        await watch.shows(old=8000)


async def test_a_container_is_explained_by_name_and_id_without_acting(
    path: Path,
) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        watch.standin.present(WEB)

        by_name = await watch.source.explain("web.1")
        by_id = await watch.source.explain(WEB.id[:12])

        assert by_name == by_id
        assert by_name[0].id == ContainerId(WEB.id)
        assert by_name[1][0].service is not None
        assert watch.ports() == {}


async def test_a_container_that_is_not_there_cannot_be_explained(path: Path) -> None:
    async with watching(path) as watch:
        with pytest.raises(Gone):
            await watch.source.explain("nobody")


async def test_an_engine_that_is_away_explains_nothing(path: Path) -> None:
    async with watching(path) as watch:
        await watch.standin.away()

        with pytest.raises(SourceError):
            await watch.source.explain("web.1")


async def test_a_wish_that_cannot_be_met_is_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = replace(WEB, environment=("SERVICE_NAME=../../x\n",))
    async with watching(path, wrong) as watch:
        await watch.listings(1)
        watch.standin.start(wrong)
        await watch.standin.asked("inspect", 2)
        watch.standin.start(replace(wrong, name="good", environment=()))
        await watch.shows(good=8000)

    told = [each.message for each in caplog.records if "web.1" in each.message]
    assert len(told) == 1


async def test_a_change_that_was_taken_back_between_two_streams_is_undone(
    path: Path,
) -> None:
    async with watching(path) as watch:
        await watch.listings(1)
        watch.standin.present(WEB)
        watch.standin.hold("list")
        watch.standin.cut()
        await watch.standin.asked("list", 2)
        watch.standin.hold("events")
        watch.standin.cut()
        watch.standin.present(replace(WEB, ports={"80/tcp": 8001}))
        watch.standin.release("list")
        await watch.shows(web_1=8001)

        watch.standin.present(WEB)
        watch.standin.release("events")

        await watch.shows(web_1=8000)


async def test_a_container_that_cannot_be_inspected_keeps_no_ghosts_of_others(
    path: Path,
) -> None:
    broken = Fake(name="broken", image="web", ports={"80/tcp": 8002})
    async with watching(path, WEB, resync=0.05) as watch:
        await watch.shows(web_1=8000)
        watch.standin.fail("inspect", 500, times=1_000_000)
        watch.standin.start(broken)
        await watch.standin.asked("inspect", 3)

        watch.standin.lose(WEB)

        await watch.shows()


async def test_before_all_was_seen_once_nothing_is_known_to_be_complete(
    path: Path,
) -> None:
    async with watching(path, resync=0.05) as watch:
        watch.standin.hold("list")
        watch.standin.fail("inspect", 500, times=1_000_000)
        watch.standin.present(WEB)
        watch.standin.release("list")
        await watch.standin.asked("list", 5)
        assert watch.snapshot.listings == 0

        watch.standin.fail("inspect", 500, times=0)

        await watch.shows(web_1=8000)
        await watch.listings(1)


class Chaos:
    """Whatever can happen to an engine, at random, and what then still runs on it."""

    def __init__(self, standin: StandIn, seed: int) -> None:
        self.standin = standin
        self.dice = random.Random(seed)
        self.running: dict[str, Fake] = {}
        self.ports = 1000
        """Never the same twice: no engine goes back on a change without a word."""

    async def go(self) -> None:
        happenings = [
            *[self.come] * 5,
            *[self.end] * 4,
            *[self.fail] * 2,
            self.break_off,
            self.hold,
            self.release,
            self.be_away,
        ]
        for _ in range(80):
            await self.dice.choice(happenings)()
            await asyncio.sleep(self.dice.choice([0, 0, 0.001, 0.01]))
        await self.release()

    async def come(self) -> None:
        self.ports += 1
        fake = replace(self.any(), ports={"80/tcp": self.ports})
        self.running[fake.name] = fake
        self.dice.choice([self.standin.start, self.standin.present])(fake)

    async def end(self) -> None:
        fake = self.any()
        self.running.pop(fake.name, None)
        standin = self.standin
        self.dice.choice([standin.die, standin.remove, standin.lose])(fake)

    async def fail(self) -> None:
        self.standin.fail(self.dice.choice(["list", "inspect"]), 500)

    async def break_off(self) -> None:
        self.dice.choice([self.standin.cut, self.standin.end])()

    async def hold(self) -> None:
        self.standin.hold(self.dice.choice(["list", "inspect", "events"]))

    async def release(self) -> None:
        for kind in ("list", "inspect", "events"):
            self.standin.release(kind)

    async def be_away(self) -> None:
        await self.standin.away()
        await asyncio.sleep(0)
        await self.standin.back()

    def any(self) -> Fake:
        return self.dice.choice(numbered(0, 12))


async def live_through(path: Path, seed: int) -> None:
    async with watching(path, resync=0.1) as watch:
        chaos = Chaos(watch.standin, seed)
        await chaos.go()

        wanted = {name: fake.ports["80/tcp"] for name, fake in chaos.running.items()}
        await eventually(lambda: watch.ports() == wanted, f"{wanted} after {seed}")
        await watch.listings(watch.snapshot.listings + 2)
        assert watch.ports() == wanted
        await eventually(lambda: watch.source.report().connected, "the connection")


async def test_whatever_happens_the_snapshot_ends_with_what_runs(
    tmp_path: Path,
) -> None:
    async with asyncio.TaskGroup() as walks:
        for seed in range(20):
            walks.create_task(
                live_through(tmp_path / f"{seed}.sock", seed), name=f"walk {seed}"
            )


async def test_listings_that_failed_are_no_error_after_one_that_did_not(
    path: Path,
) -> None:
    async with watching(path, WEB, resync=0.05) as watch:
        await watch.listings(1)
        watch.standin.fail("list", 500, times=1_000_000)
        await eventually(lambda: watch.source.report().error, "the failure")
        watch.standin.fail("list", 500, times=0)
        await eventually(lambda: not watch.source.report().error, "its end")

        assert watch.source.report().connected


def drained(watch: Watch) -> set[str]:
    """The containers whose services are to be in no registry."""
    found = watch.snapshot.services.values()
    return {service.container_name for service in found if service.withheld}


async def test_a_container_that_is_asked_to_stop_is_withheld_before_it_ends(
    path: Path,
) -> None:
    async with watching(path, WEB, replace(WEB, name="web.2")) as watch:
        await watch.listings(1)

        watch.standin.kill(WEB, 15)

        await eventually(lambda: drained(watch) == {"web.1"}, "it is withheld")
        assert watch.ports() == {"web.1": 8000, "web.2": 8000}


async def test_a_stop_that_went_unheard_is_heard_of_with_the_next_stream(
    path: Path,
) -> None:
    async with watching(path, WEB) as watch:
        await watch.listings(1)
        watch.standin.kill(WEB, 1)
        await eventually(lambda: watch.source.report().waiting == 0, "that is seen")

        watch.standin.cut()
        watch.standin.kill(WEB, 15)

        await eventually(lambda: drained(watch) == {"web.1"}, "it is withheld")


async def test_what_is_never_to_be_deregistered_is_not_by_a_stop_either(
    path: Path,
) -> None:
    async with watching(path, WEB, deregister="never") as watch:
        await watch.listings(1)
        watch.standin.kill(WEB, 15)
        watch.standin.start(replace(WEB, name="web.2"))
        await watch.shows(web_1=8000, web_2=8000)
        await eventually(lambda: watch.source.report().waiting == 0, "all is seen")

        assert not drained(watch)


async def test_what_is_kept_after_its_end_is_drained_only_until_then(
    path: Path,
) -> None:
    async with watching(path, WEB, deregister="on-success") as watch:
        await watch.listings(1)
        watch.standin.kill(WEB, 15)
        await eventually(lambda: drained(watch) == {"web.1"}, "it is withheld")

        watch.standin.die(WEB, exit_code=1)

        await eventually(lambda: not drained(watch), "it is kept")
        assert watch.ports() == {"web.1": 8000}


async def test_its_own_stop_signal_counts_and_others_do_not(path: Path) -> None:
    own = replace(WEB, stop_signal="SIGUSR1")
    other = replace(WEB, name="web.2")
    async with watching(path, own, other) as watch:
        await watch.listings(1)

        watch.standin.kill(other, 10)
        watch.standin.kill(own, 10)

        await eventually(lambda: "web.1" in drained(watch), "it is withheld")
        await eventually(lambda: watch.source.report().waiting == 0, "all is seen")
        assert drained(watch) == {"web.1"}


async def test_the_next_start_ends_the_drain(path: Path) -> None:
    async with watching(path, WEB) as watch:
        await watch.listings(1)
        watch.standin.kill(WEB, 15)
        await eventually(lambda: drained(watch), "it is withheld")

        watch.standin.die(WEB)
        await watch.shows()
        watch.standin.start(replace(WEB, started="2036-11-24T00:00:00.1Z"))

        await watch.shows(web_1=8000)
        assert not drained(watch)


async def test_what_was_ordered_of_a_container_that_went_unheard_is_forgotten(
    path: Path,
) -> None:
    gone, ended = ContainerId(replace(WEB, name="x").id), replace(WEB, state="exited")
    drain = Drain(why="docker stop", since=1.0, started=WEB.started)
    orders = Orders(drains={gone: drain, ContainerId(WEB.id): drain})
    async with watching(path, orders=orders) as watch:
        watch.standin.present(ended)
        watch.source.request_listing()

        await eventually(lambda: gone not in orders.drains, "it is forgotten")
        assert orders.drains.keys() == {WEB.id}
