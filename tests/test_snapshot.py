import asyncio
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.health.orders import Drain, Orders
from registrator.model import ContainerId, Service, ServiceId
from registrator.snapshot import Inbox, Snapshot, in_turn
from samples import web

A, B = ServiceId("a"), ServiceId("b")
OLD, NEW, NEWEST = (ContainerId(name) for name in ("old", "new", "newest"))
FILED = ContainerId("services:b")


def of(container: ContainerId, *names: str) -> list[Service]:
    return [web(name, container=container) for name in names]


def claim(snapshot: Snapshot, container: ContainerId, started: str) -> None:
    services = of(container, "a")
    snapshot.replace(container, services, started=started, at=1.0)


def test_a_containers_services_are_in_the_table() -> None:
    snapshot = Snapshot()

    snapshot.replace(OLD, of(OLD, "a", "b"), at=1.0)

    assert snapshot.services == {A: of(OLD, "a")[0], B: of(OLD, "b")[0]}
    assert set(snapshot.containers) == {OLD}


def test_what_a_container_no_longer_offers_goes() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a", "b"), at=1.0)

    snapshot.replace(OLD, of(OLD, "b"), at=2.0)

    assert snapshot.services.keys() == {B}


def test_what_a_container_claims_is_known_whoever_holds_it() -> None:
    snapshot = Snapshot()
    claim(snapshot, OLD, "1")
    claim(snapshot, NEW, "2")

    assert set(snapshot.claimed(OLD)) == {A}
    assert not snapshot.claimed(NEWEST)


def test_a_container_without_services_leaves_nothing_behind() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)

    snapshot.replace(OLD, (), at=2.0)

    assert snapshot.services == {}
    assert not snapshot.containers
    assert not snapshot.rivals(A)


def test_a_reader_cannot_change_the_table() -> None:
    snapshot = Snapshot()

    with pytest.raises(TypeError):
        snapshot.services[A] = web("a")  # type: ignore[index]  # what must not be


@pytest.mark.parametrize("order", tuple(permutations([OLD, NEW, NEWEST])))
def test_of_rivals_the_last_started_holds_the_id_in_whatever_order_they_come(
    order: tuple[ContainerId, ...],
) -> None:
    snapshot = Snapshot()
    started = {OLD: "2026-01-01", NEW: "2026-01-02", NEWEST: "2026-01-03"}

    for container in order:
        claim(snapshot, container, started[container])

    assert snapshot.services[A].container == NEWEST
    assert set(snapshot.rivals(A)) == {OLD, NEW, NEWEST}


def test_rivals_that_started_at_once_are_told_apart_the_same_way_each_time() -> None:
    holders = set()
    for order in permutations([OLD, NEW, NEWEST]):
        snapshot = Snapshot()
        for container in order:
            claim(snapshot, container, "2026")
        holders.add(snapshot.services[A].container)

    assert len(holders) == 1


def test_a_rival_gets_the_id_back_when_the_holder_ends() -> None:
    snapshot = Snapshot()
    claim(snapshot, OLD, "1")
    claim(snapshot, NEW, "2")
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.replace(NEW, (), at=3.0)

    assert snapshot.services[A].container == OLD
    assert inbox.take() == ({A: 3.0}, 0)


def test_the_end_of_a_rival_that_never_held_the_id_is_no_news() -> None:
    snapshot = Snapshot()
    claim(snapshot, OLD, "1")
    claim(snapshot, NEW, "2")
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.replace(OLD, (), at=3.0)

    assert snapshot.services[A].container == NEW
    assert inbox.take() == ({}, 0)


def test_a_restarted_rival_takes_the_id() -> None:
    snapshot = Snapshot()
    claim(snapshot, OLD, "1")
    claim(snapshot, NEW, "2")

    claim(snapshot, OLD, "3")

    assert snapshot.services[A].container == OLD


def test_what_did_not_change_is_no_news() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a", "b"), at=1.0)
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.replace(OLD, [*of(OLD, "a"), web("b", container=OLD, port=9)], at=2.0)

    assert inbox.take() == ({B: 2.0}, 0)


def test_a_late_reader_finds_all_that_stands_and_the_last_listing() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a", "b"), at=1.0)
    snapshot.listed()
    snapshot.listed()

    changed, listing = snapshot.subscribe().take()

    assert changed.keys() == {A, B}
    assert listing == 2


def test_a_reader_before_the_first_listing_hears_of_none() -> None:
    assert Snapshot().subscribe().take() == ({}, 0)


def test_what_a_listing_misses_stays_until_everything_is_listed() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)

    snapshot.forget(OLD)
    assert snapshot.services.keys() == {A}

    snapshot.listed()
    assert snapshot.services == {}
    assert not snapshot.containers


def test_what_is_heard_of_again_before_the_listing_is_whole_stays() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)
    snapshot.forget(OLD)

    snapshot.replace(OLD, of(OLD, "a"), at=2.0)
    snapshot.listed()

    assert snapshot.services.keys() == {A}


def test_what_goes_with_a_listing_is_told_by_the_listing_alone() -> None:
    snapshot = Snapshot()
    inbox = snapshot.subscribe()
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)

    snapshot.forget(OLD)
    snapshot.listed()

    assert inbox.take() == ({}, 1)


def test_a_removal_by_an_event_is_told_though_a_listing_follows() -> None:
    snapshot = Snapshot()
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.replace(OLD, (), at=2.0)
    snapshot.listed()

    assert inbox.take() == ({A: 2.0}, 1)


def test_an_id_that_a_rival_gets_by_a_listing_is_told() -> None:
    snapshot = Snapshot()
    claim(snapshot, OLD, "1")
    claim(snapshot, NEW, "2")
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.forget(NEW)
    snapshot.listed()

    changed, _ = inbox.take()
    assert changed.keys() == {A}
    assert snapshot.services[A].container == OLD


def test_forgetting_a_container_that_is_not_known_is_nothing() -> None:
    snapshot = Snapshot()

    snapshot.forget(OLD)
    snapshot.listed()

    assert snapshot.services == {}


def test_an_id_is_noted_once_with_the_time_it_was_first_heard_of() -> None:
    inbox = Inbox()

    inbox.add(A, 5.0)
    inbox.add(A, 9.0)

    assert len(inbox) == 1
    assert inbox.take() == ({A: 5.0}, 0)


def test_an_inbox_is_empty_once_it_was_taken() -> None:
    inbox = Inbox()
    inbox.add(A, 5.0)
    inbox.listed(3)

    assert inbox.take() == ({A: 5.0}, 3)
    assert A not in inbox
    assert inbox.take() == ({}, 0)


async def test_a_reader_waits_until_there_is_something() -> None:
    snapshot = Snapshot()
    inbox = snapshot.subscribe()
    waiting = asyncio.ensure_future(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    snapshot.replace(OLD, of(OLD, "a"), at=1.0)

    await waiting
    assert A in inbox


async def test_a_listing_wakes_a_reader() -> None:
    snapshot = Snapshot()
    inbox = snapshot.subscribe()

    snapshot.listed()

    async with asyncio.timeout(30):
        await inbox.wait()


containers = st.sampled_from([OLD, NEW, NEWEST])
happenings = st.lists(
    st.tuples(
        containers,
        st.one_of(
            st.tuples(
                st.just("replace"),
                st.sets(st.sampled_from("abc")),
                st.sampled_from(["", "1", "2", "3"]),
            ),
            st.just(("forget", set(), "")),
            st.just(("listed", set(), "")),
            st.just(("take", set(), "")),
        ),
    ),
    max_size=30,
)


@given(happenings)
def test_a_reader_of_the_news_and_listings_always_ends_with_the_table(
    happenings: list[tuple[ContainerId, tuple[str, set[str], str]]],
) -> None:
    snapshot = Snapshot()
    inbox = snapshot.subscribe()
    known: dict[ServiceId, Service] = {}

    def read() -> None:
        changed, listing = inbox.take()
        for key in changed:
            if key in snapshot.services:
                known[key] = snapshot.services[key]
            else:
                known.pop(key, None)
        if listing:
            for key in known.keys() - snapshot.services.keys():
                del known[key]

    for container, (what, names, started) in happenings:
        if what == "replace":
            snapshot.replace(
                container, of(container, *sorted(names)), started=started, at=1.0
            )
        elif what == "forget":
            snapshot.forget(container)
        elif what == "listed":
            snapshot.listed()
        else:
            read()
    read()

    assert known == dict(snapshot.services)


def test_what_is_known_beside_a_container_is_part_of_its_services() -> None:
    reason: dict[str, str] = {}

    def judge(service: Service) -> Service:
        return replace(service, draining=reason.get(service.id, ""))

    snapshot = Snapshot(judge)
    snapshot.replace(OLD, of(OLD, "a", "b"), at=1.0)
    inbox = snapshot.subscribe()
    inbox.take()

    snapshot.judge_anew([A, B, ServiceId("unknown")], at=2.0)
    assert inbox.take() == ({}, 0)

    reason["a"] = "stopped"
    snapshot.judge_anew([A, B], at=3.0)
    assert inbox.take() == ({A: 3.0}, 0)
    assert snapshot.services[A].draining == "stopped"


def test_a_drain_of_the_one_that_is_replaced_leaves_its_successor_alone() -> None:
    orders = Orders()
    snapshot = Snapshot(orders.judge)
    claim(snapshot, OLD, "1")
    orders.drain(OLD, Drain(why="docker stop", since=1.0))
    snapshot.judge_anew(snapshot.claimed(OLD), at=2.0)
    assert snapshot.wanted(A) is None

    claim(snapshot, NEW, "2")
    snapshot.judge_anew(snapshot.claimed(OLD), at=3.0)
    wanted = snapshot.wanted(A)
    assert wanted is not None
    assert wanted.container == NEW

    snapshot.replace(NEW, (), at=4.0)
    assert snapshot.wanted(A) is None


def test_an_engine_lists_no_claimant_of_a_file() -> None:
    snapshot = Snapshot()

    snapshot.replace(OLD, of(OLD, "a"), at=1.0)
    snapshot.replace(FILED, of(FILED, "b"), at=1.0)

    assert snapshot.services.keys() == {A, B}
    assert set(snapshot.containers) == {OLD}


def test_a_service_is_wanted_by_its_registry_alone() -> None:
    snapshot = Snapshot()
    own = replace(web("b", container=FILED), registry="zk")
    snapshot.replace(OLD, of(OLD, "a"), at=1.0)
    snapshot.replace(FILED, [own], at=1.0)

    assert snapshot.wanted(A) is not None
    assert snapshot.wanted(A, "zk") is None
    assert snapshot.wanted(B) is None
    assert snapshot.wanted(B, "zk") == own
    assert snapshot.wanted(ServiceId("c")) is None


def test_what_is_withheld_is_wanted_by_nobody() -> None:
    snapshot = Snapshot()

    snapshot.replace(OLD, [replace(web("a", container=OLD), draining="x")], at=1.0)

    assert snapshot.wanted(A) is None


def test_a_reader_hears_of_the_listings_of_its_registry_alone() -> None:
    snapshot = Snapshot()
    general, own = snapshot.subscribe(), snapshot.subscribe("zk")

    snapshot.completed("zk")
    snapshot.completed("zk")

    assert general.take() == ({}, 0)
    assert own.take() == ({}, 2)
    assert snapshot.subscribe("zk").take() == ({}, 2)
    assert snapshot.listings == 0


def test_of_several_judges_each_is_asked_of_what_those_before_it_have_made() -> None:
    def port(service: Service) -> Service:
        return replace(service, port=service.port + 1)

    def name(service: Service) -> Service:
        return replace(service, name=f"{service.name}-{service.port}")

    judged = in_turn(port, name)(web("a", port=1))

    assert (judged.port, judged.name) == (2, "web-2")
    assert in_turn()(web("a")) == web("a")
