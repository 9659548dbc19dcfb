from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from registrator.ledger import BATCH, Ledger
from registrator.model import ServiceId
from registrator.planner import Change, Plan

A, B, C = ServiceId("a"), ServiceId("b"), ServiceId("c")


def ledger_of(
    actual: Mapping[ServiceId, int], wanted: Mapping[ServiceId, int] | None = None
) -> Ledger[int]:
    """Open a ledger whose news are all written."""
    ledger: Ledger[int] = Ledger()
    ledger.found(actual)
    for key, record in (wanted or {}).items():
        ledger.want(key, record)
    ledger.looked_at(ledger.due(0.0), 0.0)
    return ledger


def only(ledger: Ledger[int], key: ServiceId) -> Change[int]:
    steps = ledger.steps([key])
    (change,) = (*steps.puts, *steps.drops)
    return change


def fail(ledger: Ledger[int], key: ServiceId, now: float) -> bool:
    change = only(ledger, key)
    ledger.writing([change])
    return ledger.failed(change, "busy", now=now)


def test_a_new_ledger_owes_nothing() -> None:
    ledger: Ledger[int] = Ledger()

    assert ledger.settled
    assert ledger.due(0.0) == ()
    assert ledger.everything() == ()


def test_what_is_wanted_is_due_and_put() -> None:
    ledger: Ledger[int] = Ledger()

    ledger.want(A, 1)

    assert ledger.due(0.0) == (A,)
    assert ledger.steps([A]) == Plan(puts=(Change(A, 1, None),))


def test_what_is_there_already_is_no_step() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.found({A: 1})

    ledger.want(A, 1)

    assert not ledger.steps(ledger.due(0.0))


def test_what_is_due_stays_so_until_it_was_looked_at() -> None:
    ledger = ledger_of({B: 1})
    ledger.want(A, 1)
    ledger.compare(1, 1.0)

    assert ledger.due(0.0) == (A, B)
    assert ledger.due(0.0) == (A, B)
    ledger.looked_at((A, B), 0.0)
    assert ledger.due(0.0) == ()


def test_news_come_before_retries_and_retries_before_the_backlog() -> None:
    ledger = ledger_of({A: 1})
    ledger.want(B, 1)
    fail(ledger, B, now=0.0)
    ledger.looked_at([B], 0.0)
    ledger.compare(1, 1.0)

    ledger.want(C, 1)

    assert ledger.due(1.0) == (C, B, A)


def test_a_batch_is_bounded_and_nothing_of_the_rest_is_lost() -> None:
    ledger: Ledger[int] = Ledger()
    keys = [ServiceId(f"{number}") for number in range(BATCH + 1)]
    for key in keys:
        ledger.want(key, 1)

    first = ledger.due(0.0)
    ledger.looked_at(first, 0.0)

    assert len(first) == BATCH
    assert ledger.due(0.0) == (keys[-1],)


def test_the_time_of_the_first_hearing_is_given_back_when_all_is_done() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1, at=5.0)
    ledger.want(A, 2, at=9.0)

    assert ledger.done(only(ledger, A)) == 5.0


def test_a_removal_of_what_nobody_knows_leaves_nothing_in_doubt() -> None:
    ledger: Ledger[int] = Ledger()

    ledger.writing([Change(A, None, None)])

    assert ledger.everything() == ()


def test_a_retry_waits_and_is_due_later() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    fail(ledger, A, now=10.0)
    ledger.looked_at([A], 10.0)

    assert ledger.due(10.0) == ()
    assert ledger.due(10.2) == (A,)
    assert ledger.waiting == 1


def test_retries_of_one_record_leave_the_others_alone() -> None:
    ledger: Ledger[int] = Ledger()
    for key in (A, B):
        ledger.want(key, 1)
    fail(ledger, A, now=0.0)
    ledger.done(only(ledger, B))
    ledger.looked_at([A, B], 0.0)

    assert ledger.sync(A) == ("error", "busy")
    assert ledger.sync(B) == ("in-sync", "")


def test_waits_grow_from_failure_to_failure_up_to_a_cap() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    waits = []
    for _ in range(200):
        fail(ledger, A, now=0.0)
        waits.append(ledger.retries[A].due)

    assert all(wait <= 0.2 for wait in waits[:1])
    assert max(waits) > 10.0
    assert max(waits) <= 30.0


def test_a_change_is_tried_at_once_whatever_failed_before() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    fail(ledger, A, now=0.0)
    ledger.looked_at([A], 0.0)

    ledger.want(A, 2)

    assert ledger.due(0.0) == (A,)


def test_only_a_new_error_is_news() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    change = only(ledger, A)

    told = [ledger.failed(change, error, now=0.0) for error in ("busy", "busy", "gone")]

    assert told == [True, False, True]


def test_a_write_of_unknown_fate_is_repeated_without_trust_in_what_was_there() -> None:
    ledger = ledger_of({A: 1}, {A: 1})
    ledger.want(A, 2)
    fail(ledger, A, now=0.0)

    assert only(ledger, A) == Change(A, 2, None)


def test_a_put_of_unknown_fate_is_removed_when_it_is_wanted_no_more() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    ledger.writing([only(ledger, A)])

    ledger.want(A, None)

    assert only(ledger, A) == Change(A, None, 1)


def test_a_removal_of_unknown_fate_is_put_again_when_it_is_wanted() -> None:
    ledger = ledger_of({A: 1}, {A: 1})
    ledger.want(A, None)
    ledger.writing([only(ledger, A)])

    ledger.want(A, 1)

    assert only(ledger, A) == Change(A, 1, None)


def test_reading_the_store_ends_every_doubt() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    fail(ledger, A, now=0.0)

    ledger.found({A: 1})

    assert not ledger.steps([A])


def test_a_retry_is_over_when_nothing_differs_any_more() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    fail(ledger, A, now=0.0)
    ledger.looked_at([A], 0.0)

    ledger.found({A: 1})
    ledger.looked_at(ledger.due(1.0), 1.0)

    assert ledger.settled
    assert ledger.sync(A) == ("in-sync", "")


def test_a_refused_write_leaves_no_doubt() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    ledger.writing([only(ledger, A)])

    assert ledger.refuse(A, "no")
    assert not ledger.refuse(A, "no")

    assert ledger.everything() == ()
    assert ledger.sync(A) == ("error", "no")


def test_a_refusal_after_a_failure_leaves_the_doubt() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.want(A, 1)
    fail(ledger, A, now=0.0)

    ledger.writing([only(ledger, A)])
    ledger.refuse(A, "no")

    assert ledger.everything() == (Change(A, None, 1),)


def test_everything_is_what_the_store_holds_or_may_hold() -> None:
    ledger = ledger_of({A: 1, B: 1}, {A: 1, B: 1})
    ledger.want(C, 1)
    ledger.writing([only(ledger, C)])

    assert ledger.everything() == tuple(Change(key, None, 1) for key in (A, B, C))


@pytest.mark.parametrize(
    ("share", "held"), [(0.0, 2), (0.4, 2), (0.5, 0), (0.6, 0), (1.0, 0)]
)
def test_removals_beyond_the_share_are_held(share: float, held: int) -> None:
    ledger = ledger_of({A: 1, B: 1, C: 1, ServiceId("d"): 1}, {A: 1, B: 1})

    assert ledger.compare(1, share) == bool(held)

    assert len(ledger.held) == held
    assert len(ledger.due(0.0)) == 2 - held


def test_removals_that_are_held_go_with_a_later_listing_only() -> None:
    ledger = ledger_of({A: 1})

    assert ledger.compare(4, 0.0)
    assert ledger.compare(4, 0.0)
    assert not ledger.compare(5, 0.0)

    assert ledger.due(0.0) == (A,)


def test_what_a_listing_misses_is_removed_by_its_word_only() -> None:
    ledger = ledger_of({A: 1}, {A: 1})
    ledger.want(A, 2)
    fail(ledger, A, now=0.0)

    ledger.listed([])
    ledger.compare(1, 0.0)

    assert ledger.due(100.0) == ()
    assert ledger.held == {A: 1}


def test_a_refusal_ends_when_nothing_differs_any_more() -> None:
    ledger = ledger_of({A: 1}, {A: 1, B: 1})
    ledger.refuse(A, "no")
    ledger.refuse(B, "no")

    ledger.compare(1, 1.0)

    assert ledger.refused == {B: "no"}


def test_a_misfit_is_news_once_and_outlives_the_removal_of_its_record() -> None:
    ledger = ledger_of({A: 1}, {A: 1})

    assert ledger.misfit(A, "no form")
    assert not ledger.misfit(A, "no form")
    ledger.done(only(ledger, A))

    assert ledger.sync(A) == ("error", "no form")
    assert list(ledger.troubles) == ["no form"]
    assert not ledger.settled


def test_a_misfit_ends_with_its_container() -> None:
    ledger: Ledger[int] = Ledger()
    ledger.misfit(A, "no form")

    ledger.listed([])

    assert list(ledger.troubles) == []


@pytest.mark.parametrize(
    ("actual", "wanted", "state"),
    [
        ({A: 1}, {A: 1}, "in-sync"),
        ({A: 1}, {A: 2}, "pending"),
        ({}, {A: 1}, "pending"),
        ({A: 1}, {}, "pending"),
        ({}, {}, "left-out"),
    ],
)
def test_the_state_of_a_record_is_how_store_and_wish_agree(
    actual: Mapping[ServiceId, int], wanted: Mapping[ServiceId, int], state: str
) -> None:
    assert ledger_of(actual, wanted).sync(A) == (state, "")


def test_a_record_in_doubt_is_pending() -> None:
    ledger = ledger_of({A: 1}, {A: 1})
    ledger.writing([Change(A, 1, None)])

    assert ledger.sync(A) == ("pending", "")


KEYS = [ServiceId(name) for name in "abc"]


class Accounts(RuleBasedStateMachine):
    """A store that does what it likes, and a ledger that must not lose the thread."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: Ledger[int] = Ledger()
        self.store: dict[ServiceId, int] = {}
        self.running: dict[ServiceId, int] = {}
        self.now = 0.0
        self.listing = 0

    @initialize(left=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 2)))
    def begin(self, left: dict[ServiceId, int]) -> None:
        self.store.update(left)
        self.ledger.found(self.store)

    @rule(key=st.sampled_from(KEYS), record=st.none() | st.integers(0, 2))
    def hear(self, key: ServiceId, record: int | None) -> None:
        self.running.pop(key, None)
        if record is not None:
            self.running[key] = record
        self.ledger.want(key, record, at=self.now)

    @rule(
        fates=st.lists(
            st.sampled_from(["done", "done", "busy", "lost", "no", "cancelled"]),
            min_size=len(KEYS),
        )
    )
    def write(self, fates: list[str]) -> None:
        batch = self.ledger.due(self.now)
        steps = self.ledger.steps(batch)
        assert not self.ledger.held.keys() & set(batch)
        for change, fate in zip((*steps.puts, *steps.drops), fates, strict=False):
            self.ledger.writing([change])
            if fate in {"done", "lost", "cancelled"}:
                self.keep(change)
            if fate == "done":
                self.ledger.done(change)
            elif fate == "no":
                self.ledger.refuse(change.id, "no")
            elif fate == "cancelled":
                return
            else:
                self.ledger.failed(change, fate, now=self.now)
        self.ledger.looked_at(batch, self.now)

    @rule(seconds=st.floats(0.0, 60.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(missing=st.sets(st.sampled_from(KEYS)), share=st.sampled_from([0, 0.5, 1]))
    def list_all(self, missing: set[ServiceId], share: float) -> None:
        self.listing += 1
        for key in missing:
            self.running.pop(key, None)
        self.ledger.found(self.store)
        self.ledger.listed(self.running.keys())
        self.ledger.compare(self.listing, share)

    @precondition(lambda self: self.listing)
    @rule()
    def read_again(self) -> None:
        self.ledger.found(self.store)
        self.ledger.compare(self.listing, 0.0)

    @rule()
    def end_well(self) -> None:
        """Write all that is due with a store that is well: then both agree."""
        self.now += 60.0
        while batch := self.ledger.due(self.now):
            steps = self.ledger.steps(batch)
            for change in (*steps.puts, *steps.drops):
                self.ledger.writing([change])
                self.keep(change)
                self.ledger.done(change)
            self.ledger.looked_at(batch, self.now)
        owed = {*self.ledger.held, *self.ledger.refused}
        differing = {
            key for key in KEYS if self.store.get(key) != self.running.get(key)
        }
        if self.listing:
            assert differing <= owed
        assert self.ledger.waiting == 0

    @invariant()
    def knows_what_is_wanted(self) -> None:
        assert self.ledger.wanted == self.running

    @invariant()
    def knows_of_every_record_in_the_store(self) -> None:
        known = {change.id for change in self.ledger.everything()}
        assert self.store.keys() <= known

    @invariant()
    def calls_nothing_right_that_is_not(self) -> None:
        for key in KEYS:
            if self.ledger.sync(key)[0] == "in-sync":
                assert self.store[key] == self.running[key]

    def keep(self, change: Change[Any]) -> None:
        if change.wanted is None:
            self.store.pop(change.id, None)
        else:
            self.store[change.id] = change.wanted


Accounts.TestCase.settings = settings(max_examples=200, stateful_step_count=25)
TestAccounts = Accounts.TestCase
