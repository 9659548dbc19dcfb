import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from flaky import AWAY, BUSY, LOST, NO, Fault, FlakyStore, Host, ids
from registrator.backend import Failures
from registrator.errors import GaveUp, Unavailable
from registrator.fitness import Health
from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator.reconciler import Patience
from samples import web
from waiting import eventually

A, B, C = ServiceId("a"), ServiceId("b"), ServiceId("c")
MANY = [f"n{number:03}" for number in range(350)]


@asynccontextmanager
async def running(*hosts: Host) -> AsyncIterator[None]:
    """Keep the reconcilers at work, as the daemon does."""
    tasks = [asyncio.ensure_future(host.reconciler.run()) for host in hosts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def cut_off(host: Host, answers: int = 0) -> None:
    """Cancel a step while the store is at work on it, after so many answers."""
    host.store.hold()
    step = asyncio.ensure_future(host.reconciler.step())
    for _ in range(answers):
        host.store.answer_once()
    await eventually(lambda: host.store.busy or step.done(), "the store is asked")
    step.cancel()
    with suppress(asyncio.CancelledError):
        await step
    host.store.release()


async def test_a_service_is_written_without_waiting_for_a_listing() -> None:
    host = Host()
    host.starts("a")

    assert await host.reconciler.step()

    assert host.right


async def test_a_change_is_written() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()

    host.starts("a", port=8001)
    await host.reconciler.step()

    assert host.store.records[A].port == 8001


async def test_a_service_that_went_by_an_event_is_removed_at_once() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()

    host.ends("a")
    await host.reconciler.step()

    assert host.store.records == {}


async def test_a_round_that_finds_no_difference_writes_nothing() -> None:
    host = Host()
    host.starts("a", "b")
    host.lists_all_but()
    await host.reconciler.step()
    host.store.calls.clear()

    host.lists_all_but()
    await host.reconciler.step()

    assert host.store.calls == ["owned"]


async def test_an_event_costs_no_reading_of_the_store() -> None:
    host = Host()
    host.lists_all_but()
    await host.reconciler.step()
    host.store.calls.clear()

    host.starts("a")
    await host.reconciler.step()

    assert host.store.calls == ["put"]


async def test_records_of_a_former_life_that_are_right_are_not_written() -> None:
    first = Host()
    first.starts("a", "b")
    await first.reconciler.step()
    second = Host(first.store)
    first.store.calls.clear()

    second.starts("a", "b")
    second.lists_all_but()
    await second.reconciler.step()

    assert first.store.calls == ["owned"]


async def test_records_of_a_former_life_that_are_wrong_go_with_the_listing() -> None:
    host = Host()
    host.store.records = {B: web("b")}
    host.starts("a")
    await host.reconciler.step()
    assert host.store.records.keys() == ids("a", "b")

    host.lists_all_but()
    await host.reconciler.step()

    assert host.right


async def test_a_store_that_lost_everything_is_filled_at_the_next_listing() -> None:
    host = Host()
    host.starts("a", "b")
    host.lists_all_but()
    await host.reconciler.step()

    host.store.records.clear()
    host.lists_all_but()
    await host.reconciler.step()

    assert host.right


async def test_a_record_that_somebody_changed_is_mended_at_the_next_listing() -> None:
    host = Host()
    host.starts("a")
    host.lists_all_but()
    await host.reconciler.step()

    host.store.records[A] = web("a", port=1)
    host.lists_all_but()
    await host.reconciler.step()

    assert host.right


async def test_a_handover_to_a_rival_that_only_a_listing_shows_is_written() -> None:
    host = Host()
    host.starts("a")
    claim = web("a", name="a", port=9)
    host.snapshot.replace(claim.container, [claim], started="2026", at=1.0)
    await host.reconciler.step()
    assert host.store.records[A].port == 9

    host.lists_all_but(claim.container)
    await host.reconciler.step()

    assert host.store.records[A].port == 8000


@pytest.mark.parametrize("share", [0.0, 0.5, 0.74])
async def test_more_removals_than_the_share_wait_for_a_later_listing(
    share: float,
) -> None:
    host = Host(patience=Patience(max_removals=share))
    host.starts("a", "b", "c", "d")
    await host.reconciler.step()

    host.lists_all_but("a", "b", "c")
    assert not await host.reconciler.step()
    assert len(host.store.records) == 4
    assert host.reconciler.report().held == 3
    assert host.listings_asked == 1

    host.lists_all_but()
    assert await host.reconciler.step()
    assert host.right
    assert host.reconciler.report().held == 0


async def test_no_more_removals_than_the_share_go_at_once() -> None:
    host = Host(patience=Patience(max_removals=0.75))
    host.starts("a", "b", "c", "d")
    await host.reconciler.step()

    host.lists_all_but("a", "b", "c")

    assert await host.reconciler.step()
    assert host.right
    assert host.listings_asked == 0


async def test_reading_the_store_again_does_not_confirm_a_listing() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a")
    await host.reconciler.step()
    host.lists_all_but("a")
    await host.reconciler.step()
    host.store.outage = AWAY
    host.starts("b")
    with pytest.raises(Unavailable):
        await host.reconciler.step()

    host.store.outage = None
    await host.reconciler.step()

    assert host.store.records.keys() == ids("a", "b")


async def test_a_listing_under_way_does_not_count_as_one() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a")
    host.lists_all_but()
    await host.reconciler.step()
    host.snapshot.forget(host.snapshot.services[A].container)
    host.store.outage = AWAY
    host.starts("b")
    with pytest.raises(Unavailable):
        await host.reconciler.step()
    host.store.outage = None
    await host.reconciler.step()

    host.snapshot.listed()
    await host.reconciler.step()

    assert host.reconciler.report().held == 1
    assert A in host.store.records


async def test_removals_that_wait_are_forgotten_when_the_containers_are_back() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a", "b")
    await host.reconciler.step()
    host.lists_all_but("a", "b")
    await host.reconciler.step()
    host.store.calls.clear()

    host.starts("a", "b")
    host.lists_all_but()

    assert await host.reconciler.step()
    assert host.store.calls == ["owned"]


async def test_removals_that_a_second_listing_finds_first_wait_for_a_third() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a", "b")
    await host.reconciler.step()
    host.lists_all_but("a")
    await host.reconciler.step()

    host.lists_all_but("b")
    await host.reconciler.step()

    assert host.store.records.keys() == ids("b")
    host.lists_all_but()
    await host.reconciler.step()
    assert host.store.records == {}


async def test_removals_by_events_are_never_held_back() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a", "b", "c")
    await host.reconciler.step()

    host.ends("a", "b", "c")

    assert await host.reconciler.step()
    assert host.store.records == {}


async def test_a_removal_by_an_event_is_not_held_by_a_listing_beside_it() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a")
    await host.reconciler.step()

    host.ends("a")
    host.lists_all_but()

    assert await host.reconciler.step()
    assert host.store.records == {}
    assert host.listings_asked == 0


async def test_a_removal_by_an_event_that_failed_is_not_held_by_a_listing() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a")
    await host.reconciler.step()
    host.ends("a")
    host.store.faults[A] = BUSY
    await host.reconciler.step()

    host.store.faults.clear()
    host.lists_all_but()
    await host.reconciler.step()

    assert host.reconciler.report().held == 0
    async with running(host):
        await eventually(lambda: host.right, "the removal is tried again")


async def test_news_that_a_listing_took_back_during_an_outage_is_held() -> None:
    first = Host()
    first.starts("a", "b")
    await first.reconciler.step()
    host = Host(first.store, Patience(max_removals=0.5))
    host.store.outage = AWAY
    host.starts("a", "b")
    with pytest.raises(Unavailable):
        await host.reconciler.step()

    host.lists_all_but("a", "b")
    host.store.outage = None
    await host.reconciler.step()

    assert host.store.records.keys() == ids("a", "b")


async def test_a_failed_update_that_a_listing_misses_is_held_too() -> None:
    host = Host(patience=Patience(max_removals=0.0))
    host.starts("a")
    await host.reconciler.step()
    host.store.faults[A] = BUSY
    host.starts("a", port=8001)
    await host.reconciler.step()
    host.store.faults.clear()

    host.lists_all_but("a")
    await host.reconciler.step()

    assert A in host.store.records
    assert host.reconciler.report().held == 1


async def test_a_record_that_is_refused_does_not_stop_the_others() -> None:
    host = Host()
    host.store.faults[A] = NO
    host.starts("a", "b")

    assert not await host.reconciler.step()

    assert host.store.records.keys() == ids("b")
    assert host.reconciler.sync(A) == ("error", "not like this")
    assert host.reconciler.sync(B) == ("in-sync", "")
    assert host.reconciler.report().error == "not like this"


async def test_a_refused_record_is_not_tried_again_before_the_next_listing() -> None:
    host = Host()
    host.store.faults[A] = NO
    host.starts("a")
    await host.reconciler.step()
    host.store.calls.clear()

    host.starts("b")
    await host.reconciler.step()
    assert host.store.batches[-1] == ("b",)

    host.store.faults.clear()
    host.lists_all_but()
    assert await host.reconciler.step()
    assert host.right


async def test_a_refusal_is_over_when_the_container_ends() -> None:
    host = Host()
    host.store.faults[A] = NO
    host.starts("a")
    await host.reconciler.step()

    host.ends("a")

    assert await host.reconciler.step()
    assert host.reconciler.report().error == ""


async def test_a_refusal_is_over_when_a_listing_misses_the_container() -> None:
    host = Host()
    host.store.faults[A] = NO
    host.starts("a")
    await host.reconciler.step()

    host.lists_all_but("a")

    assert await host.reconciler.step()
    assert host.reconciler.report().error == ""


async def test_a_refused_removal_stays_an_error_and_is_tried_at_each_listing() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()
    host.store.faults[A] = NO
    host.ends("a")
    assert not await host.reconciler.step()

    host.lists_all_but()
    assert not await host.reconciler.step()
    assert host.reconciler.report().error == "not like this"

    host.store.faults.clear()
    host.lists_all_but()
    assert await host.reconciler.step()
    assert host.right


async def test_a_service_that_the_store_has_no_form_for_is_an_error() -> None:
    host = Host()
    host.store.unfit.add("a")
    host.starts("a", "b")

    assert not await host.reconciler.step()

    assert host.store.records.keys() == ids("b")
    assert host.reconciler.sync(A) == ("error", "no form for a")


async def test_a_service_that_no_longer_fits_is_removed_and_stays_an_error() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()

    host.store.unfit.add("a")
    host.starts("a", port=8001)
    await host.reconciler.step()
    host.lists_all_but()

    assert not await host.reconciler.step()
    assert host.store.records == {}
    assert host.reconciler.sync(A) == ("error", "no form for a")
    assert host.reconciler.report().error == "no form for a"


@pytest.mark.parametrize("by_event", [True, False])
async def test_a_misfit_is_forgotten_with_its_container(*, by_event: bool) -> None:
    host = Host()
    host.store.unfit.add("a")
    host.starts("a")
    await host.reconciler.step()

    if by_event:
        host.ends("a")
    else:
        host.lists_all_but("a")

    assert await host.reconciler.step()
    assert host.reconciler.report().error == ""


async def test_a_service_that_stops_passing_leaves_a_store_without_a_status() -> None:
    host = Host()
    host.starts("a", health=Health.HEALTHY)
    await host.reconciler.step()

    host.starts("a", health=Health.UNHEALTHY)
    await host.reconciler.step()

    assert host.store.records == {}
    assert host.reconciler.sync(A) == ("left-out", "")


async def test_a_record_of_somebody_else_is_left_alone_and_told_of() -> None:
    host = Host()
    theirs = web("a", port=1)
    host.store.foreign[A] = theirs
    host.starts("a", "b")

    assert not await host.reconciler.step()
    host.ends("a")
    host.lists_all_but()
    await host.reconciler.step()

    assert host.store.foreign == {A: theirs}
    assert host.store.records.keys() == ids("b")
    assert host.reconciler.report().error == ""


async def test_a_record_that_fails_for_now_is_tried_again_on_its_own() -> None:
    host = Host()
    host.store.faults[A] = BUSY
    host.starts("a", "b")
    await host.reconciler.step()
    assert host.reconciler.sync(A) == ("error", "the store is busy")
    assert host.reconciler.sync(B) == ("in-sync", "")

    host.store.faults.clear()
    async with running(host):
        await eventually(lambda: host.right, "the failed record is written")

    assert host.store.batches == [("a", "b"), ("a",)]
    assert host.reconciler.report().error == ""


async def test_a_removal_that_fails_is_repeated_until_it_succeeds() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()
    host.store.faults[A] = BUSY
    host.ends("a")

    async with running(host):
        await eventually(lambda: len(host.store.batches) > 3, "it is tried often")
        host.store.faults.clear()
        await eventually(lambda: host.right, "it is gone in the end")


async def test_a_record_of_unknown_fate_goes_with_its_container() -> None:
    host = Host()
    host.store.faults[A] = LOST
    host.starts("a")
    await host.reconciler.step()
    assert A in host.store.records

    host.store.faults.clear()
    host.ends("a")
    await host.reconciler.step()

    assert host.store.records == {}


async def test_a_removal_of_unknown_fate_is_undone_if_the_container_is_back() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()
    host.store.faults[A] = LOST
    host.ends("a")
    await host.reconciler.step()

    host.store.faults.clear()
    host.starts("a")
    await host.reconciler.step()

    assert host.right


async def test_a_store_that_is_away_loses_nothing() -> None:
    host = Host()
    host.starts("a", "b")
    host.lists_all_but()
    await host.reconciler.step()
    host.store.outage = AWAY
    host.starts("c")
    host.ends("a")
    with pytest.raises(Unavailable):
        await host.reconciler.step()
    assert host.reconciler.sync(C) == ("error", "the store is away")
    assert not host.reconciler.report().reachable
    assert host.reconciler.report().error == "the store is away"

    host.store.outage = None
    host.starts("b", port=8001)

    assert await host.reconciler.step()
    assert host.right
    assert host.reconciler.report().reachable
    assert host.reconciler.report().error == ""


@pytest.mark.parametrize("written", [0, 1, 2])
async def test_a_store_that_goes_in_the_middle_of_a_write_keeps_no_ghost(
    written: int,
) -> None:
    host = Host()
    host.starts("a", "b", "c")
    host.store.breaks_after = written
    with pytest.raises(Unavailable):
        await host.reconciler.step()

    host.ends("a", "b", "c")
    host.store.outage = None

    assert await host.reconciler.step()
    assert host.store.records == {}


async def test_a_backlog_is_taken_up_again_after_an_outage() -> None:
    host = Host()
    host.starts(*MANY)
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()
    host.store.breaks_after = 150
    host.lists_all_but()
    with pytest.raises(Unavailable):
        await host.reconciler.step()

    host.store.outage = None
    await host.reconciler.step()

    assert host.right


@pytest.mark.parametrize("removals", ["event", "listing"])
async def test_records_that_never_go_are_never_dropped(removals: str) -> None:
    host = Host(patience=Patience(max_removals=0.0, drops=False))
    host.starts("a", "b")
    await host.reconciler.step()

    for _ in range(3):
        if removals == "event":
            host.ends("a", "b")
        else:
            host.lists_all_but("a", "b")
        await host.reconciler.step()

    assert host.store.records.keys() == ids("a", "b")
    assert host.listings_asked == 0
    assert host.reconciler.report().waiting == 0
    assert host.reconciler.report().held == 0


async def test_a_preview_names_what_a_round_would_do_and_does_nothing() -> None:
    host = Host()
    host.store.records = {B: web("b"), C: web("c", port=1)}
    host.store.unfit.add("d")
    host.starts("a", "c", "d")

    steps, refused = await host.reconciler.preview()

    assert [change.id for change in steps.puts] == ["a", "c"]
    assert [change.id for change in steps.drops] == ["b"]
    assert refused == {"d": "no form for d"}
    assert host.store.calls == ["owned"]


async def test_a_preview_names_no_removals_where_records_never_go() -> None:
    host = Host(patience=Patience(drops=False))
    host.store.records = {B: web("b")}

    steps, _ = await host.reconciler.preview()

    assert not steps


@pytest.mark.parametrize("attempts", [0, 1, 3])
async def test_a_store_that_never_was_there_is_given_up(attempts: int) -> None:
    host = Host(patience=Patience(attempts=attempts, interval=0.0))
    host.store.outage = AWAY

    with pytest.raises(GaveUp, match=f"after {attempts + 1} attempts"):
        await host.reconciler.run()


async def test_a_store_that_was_there_once_is_never_given_up() -> None:
    host = Host(patience=Patience(attempts=0, interval=0.0))
    await host.reconciler.step()
    host.store.outage = AWAY
    async with running(host):
        for _ in range(3):
            host.starts("a")
            await eventually(lambda: host.reconciler.report().retries > 0, "a failure")

        host.store.outage = None
        await eventually(lambda: host.right, "it is written after all")


async def test_a_store_that_fails_after_its_first_answer_was_there() -> None:
    host = Host(patience=Patience(attempts=0, interval=0.0))
    host.store.breaks_after = 0
    host.starts("a")

    with pytest.raises(Unavailable):
        await host.reconciler.step()


async def test_one_record_that_fails_at_start_is_no_reason_to_give_up() -> None:
    host = Host(patience=Patience(attempts=0, interval=0.0))
    host.store.faults[A] = BUSY
    host.starts("a")

    assert not await host.reconciler.step()


async def test_what_expires_is_refreshed_after_it_was_written() -> None:
    host = Host()
    host.store.refresh_every = 3600.0
    host.starts("a")

    await host.reconciler.step()
    await host.reconciler.step()

    assert [set(each) for each in host.store.refreshed] == [ids("a")]


async def test_refreshing_is_repeated_on_time_without_any_news() -> None:
    host = Host()
    host.store.refresh_every = 0.01
    host.starts("a")

    async with running(host):
        await eventually(lambda: len(host.store.refreshed) > 4, "several refreshes")

    assert host.store.writes == 1


async def test_a_store_in_which_nothing_expires_is_not_refreshed() -> None:
    host = Host()
    host.starts("a")

    await host.reconciler.step()

    assert host.store.refreshed == []


async def test_a_pace_that_quickens_counts_from_the_last_refresh() -> None:
    host = Host()
    host.store.refresh_every = 3600.0
    await host.reconciler.step()

    host.store.refresh_every = 0.01
    host.starts("a")

    async with running(host):
        await eventually(lambda: len(host.store.refreshed) > 2, "the new pace")


async def test_a_long_backlog_does_not_put_refreshing_off() -> None:
    host = Host()
    host.store.refresh_every = 0.0
    host.starts(*MANY)

    await host.reconciler.step()

    assert len(host.store.refreshed[0]) < len(MANY)


async def test_a_refresh_that_fails_has_the_store_read_again() -> None:
    class Forgetful(FlakyStore):
        async def refresh(self, records: Mapping[ServiceId, Service]) -> None:
            if records and not self.records:
                raise Unavailable("the lease is gone")

    host = Host(Forgetful())
    host.store.refresh_every = 0.0
    host.starts("a")
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()

    async with running(host):
        await eventually(lambda: host.right, "the record is back")


async def test_a_full_store_keeps_what_it_holds_and_lets_go_of_what_died() -> None:
    host = Host()
    host.store.refresh_every = 0.01
    host.starts("a", "b")
    host.lists_all_but()
    await host.reconciler.step()

    host.store.full = True
    async with running(host):
        host.starts(*MANY)
        host.ends("a")
        await eventually(lambda: A not in host.store.records, "the dead one goes")
        host.store.refreshed.clear()
        await eventually(lambda: len(host.store.refreshed) > 1, "the other is kept")
        assert host.store.records.keys() == {B}
        assert not host.reconciler.report().reachable

        host.store.full = False
        await eventually(lambda: host.right, "all is written")


async def test_a_full_store_keeps_all_where_nothing_is_ever_removed() -> None:
    host = Host(patience=Patience(drops=False))
    host.store.refresh_every = 0.01
    host.starts("a")
    await host.reconciler.step()

    host.store.full = True
    async with running(host):
        host.starts("b")
        host.ends("a")
        host.store.refreshed.clear()
        await eventually(lambda: len(host.store.refreshed) > 2, "it is kept alive")

    assert host.store.records.keys() == {A}


async def test_news_overtake_a_backlog() -> None:
    host = Host()
    host.starts(*MANY)
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()
    host.store.batches.clear()
    host.lists_all_but()
    host.store.hold()
    async with running(host):
        await eventually(lambda: host.store.busy, "the store is read")

        host.starts("z")
        host.store.release()
        await eventually(lambda: host.right, "all is written")

    assert "z" in host.store.batches[0]


async def test_news_during_a_backlog_go_with_the_next_batch() -> None:
    host = Host()
    host.starts(*MANY)
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()
    host.store.batches.clear()
    host.lists_all_but()
    host.store.hold()
    async with running(host):
        host.store.answer_once()
        await eventually(lambda: host.store.batches, "the first batch")
        host.starts("z")
        host.store.release()
        await eventually(lambda: host.right, "all is written")

    assert "z" in host.store.batches[1]


async def test_a_listing_is_compared_though_news_never_end() -> None:
    class Restless(FlakyStore):
        """Causes news with each write, until a listing has been compared."""

        async def put(self, changes: Sequence[Change[Service]]) -> Failures:
            if host.reconciler.report().round_at is None:
                host.starts("a", port=len(self.batches) + 1)
                host.lists_all_but()
            return await super().put(changes)

    host = Host(Restless())
    host.starts("a")

    async with asyncio.timeout(30):
        await host.reconciler.step()

    assert host.reconciler.report().round_at is not None


@pytest.mark.parametrize("then", ["stays", "changes", "ends"])
@pytest.mark.parametrize("answers", [0, 1, 2])
async def test_a_step_that_is_cancelled_is_made_good(answers: int, then: str) -> None:
    host = Host()
    host.store.records = {B: web("b")}
    host.starts("a")
    host.lists_all_but()
    await cut_off(host, answers)

    if then == "changes":
        host.starts("a", port=8001)
    if then == "ends":
        host.ends("a")

    assert await host.reconciler.step()
    assert host.right


async def test_a_cancelled_write_of_a_backlog_is_made_good() -> None:
    host = Host()
    host.starts(*MANY)
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()
    host.lists_all_but()
    await cut_off(host, answers=2)

    assert await host.reconciler.step()
    assert host.right


async def test_withdrawing_takes_every_record_out() -> None:
    host = Host()
    host.store.foreign[C] = web("c")
    host.starts("a", "b", *MANY)
    await host.reconciler.step()

    await host.reconciler.withdraw()

    assert host.store.records == {}
    assert host.store.foreign.keys() == ids("c")


async def test_withdrawing_finds_what_a_cancelled_write_left() -> None:
    host = Host()
    await host.reconciler.step()
    host.starts("a")
    await cut_off(host)
    assert A in host.store.records

    await host.reconciler.withdraw()

    assert host.store.records == {}


async def test_withdrawing_finds_what_failed_but_was_written() -> None:
    host = Host()
    host.store.faults[A] = LOST
    host.starts("a")
    await host.reconciler.step()
    host.store.faults.clear()

    await host.reconciler.withdraw()

    assert host.store.records == {}


async def test_withdrawing_finds_what_a_store_kept_that_was_away_since() -> None:
    host = Host()
    host.store.records = {B: web("b")}
    host.store.outage = AWAY
    with pytest.raises(Unavailable):
        await host.reconciler.step()
    host.store.outage = None

    await host.reconciler.withdraw()

    assert host.store.records == {}


@pytest.mark.parametrize("fault", [BUSY, NO], ids=["busy", "refused"])
async def test_withdrawing_says_so_if_a_record_stays(fault: Fault) -> None:
    host = Host()
    host.starts("a", "b")
    await host.reconciler.step()
    host.store.faults[A] = fault

    with pytest.raises(Unavailable, match="1 not removed"):
        await host.reconciler.withdraw()

    assert host.store.records.keys() == ids("a")


async def test_withdrawing_from_a_store_that_is_away_says_so() -> None:
    host = Host()
    host.starts("a")
    await host.reconciler.step()
    host.store.outage = AWAY

    with pytest.raises(Unavailable, match="the store is away"):
        await host.reconciler.withdraw()


async def test_the_report_follows_a_record_from_hearing_to_writing() -> None:
    host = Host()
    host.starts("a")
    assert host.reconciler.sync(A) == ("pending", "")
    assert not host.reconciler.report().reachable
    assert host.reconciler.report().waiting == 1
    await host.reconciler.step()
    assert host.reconciler.sync(A) == ("in-sync", "")
    assert host.reconciler.report().records == 1
    assert host.reconciler.report().waiting == 0
    assert host.reconciler.report().lag is not None
    assert host.reconciler.report().round_at is None

    host.starts("a", port=8001)
    assert host.reconciler.sync(A) == ("pending", "")
    assert host.reconciler.report().waiting == 1
    host.lists_all_but()
    await host.reconciler.step()

    assert host.reconciler.sync(A) == ("in-sync", "")
    assert host.reconciler.report().round_at is not None


async def test_what_is_being_written_still_waits() -> None:
    host = Host()
    host.starts("a")
    host.lists_all_but()
    await host.reconciler.step()
    host.store.records.clear()
    host.store.hold()
    host.lists_all_but()
    async with running(host):
        host.store.answer_once()
        await eventually(lambda: host.right, "the record is on its way")

        assert host.reconciler.report().waiting == 1
        assert host.reconciler.sync(A) == ("pending", "")
        host.store.release()


async def test_a_store_that_is_away_does_not_hold_up_another() -> None:
    gone, well = Host(), Host()
    gone.store.outage = AWAY
    async with running(gone, well):
        for host in (gone, well):
            host.starts("a")

        await eventually(lambda: well.right, "the other store is written")


async def test_the_same_failure_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = Host()
    host.store.outage = AWAY
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            with pytest.raises(Unavailable):
                await host.reconciler.step()
        host.store.outage = None
        await host.reconciler.step()

    assert [record.message for record in caplog.records] == [
        "the store is away; trying again",
        "memory:// answers again",
    ]


async def test_the_same_refusal_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = Host()
    host.store.unfit.add("a")
    with caplog.at_level(logging.INFO):
        for port in (1, 2, 3):
            host.starts("a", port=port)
            host.lists_all_but()
            await host.reconciler.step()

    assert [record.message for record in caplog.records] == [
        "memory://: a is refused: no form for a"
    ]


async def test_a_quiet_round_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    host.starts("a")
    host.lists_all_but()
    await host.reconciler.step()
    with caplog.at_level(logging.INFO):
        host.lists_all_but()
        await host.reconciler.step()

    assert caplog.records == []
