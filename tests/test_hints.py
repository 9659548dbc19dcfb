import asyncio
import random
from collections import Counter

import pytest

from registrator.hints import Hints, Look
from registrator.model import ContainerId
from waiting import eventually

A, B, C = (ContainerId(name) for name in "abc")


async def test_a_hint_is_taken_as_it_was_heard() -> None:
    hints = Hints()
    hints.add(A, 5.0)

    assert await hints.take() == Look(A, 5.0)


async def test_many_hints_of_one_container_are_one_look_since_the_first() -> None:
    hints = Hints()
    for at in (5.0, 6.0, 7.0):
        hints.add(A, at)

    look = await hints.take()

    assert look.at == 5.0
    assert hints.done(look)
    assert len(hints) == 0


async def test_what_an_event_names_comes_before_what_a_listing_found() -> None:
    hints = Hints()
    hints.listed({A: 1, B: 2}, 1.0)
    hints.add(C, 2.0)
    hints.add(B, 3.0)

    taken = [await hints.take() for _ in range(3)]

    assert taken == [Look(C, 2.0), Look(B, 3.0), Look(A, 1.0, 1)]


async def test_a_listing_does_not_put_an_urgent_look_off() -> None:
    hints = Hints()
    hints.add(A, 1.0)

    hints.listed({A: 1}, 2.0)

    assert await hints.take() == Look(A, 1.0)
    assert len(hints) == 1


async def test_a_later_listing_has_the_last_word_on_a_fingerprint() -> None:
    hints = Hints()
    hints.listed({A: 1}, 1.0)
    hints.listed({A: 2}, 2.0)

    assert (await hints.take()).fingerprint == 2


async def test_a_container_is_with_one_taker_at_a_time() -> None:
    hints = Hints()
    hints.add(A, 1.0)
    first = await hints.take()

    hints.add(A, 2.0)
    second = asyncio.ensure_future(hints.take())
    await asyncio.sleep(0)
    assert not second.done()

    assert not hints.done(first)
    assert await second == Look(A, 2.0)


async def test_a_taker_passes_over_what_another_has() -> None:
    hints = Hints()
    hints.add(A, 1.0)
    await hints.take()
    hints.add(A, 2.0)
    hints.add(B, 3.0)

    assert (await hints.take()).container == B


@pytest.mark.parametrize("by", ["event", "listing"])
async def test_what_is_heard_of_during_a_look_comes_up_again(by: str) -> None:
    hints = Hints()
    hints.add(A, 1.0)
    look = await hints.take()

    if by == "event":
        hints.add(A, 2.0)
    else:
        hints.listed({A: 7}, 2.0)

    assert A in hints
    assert not hints.done(look)
    assert (await hints.take()).at == 2.0


async def test_a_container_is_known_while_it_waits_and_while_it_is_looked_at() -> None:
    hints = Hints()
    assert A not in hints
    hints.listed({A: 1}, 1.0)
    assert A in hints

    look = await hints.take()
    assert A in hints
    hints.done(look)

    assert A not in hints


async def test_a_taker_that_is_cancelled_takes_nothing_along() -> None:
    hints = Hints()
    taker = asyncio.ensure_future(hints.take())
    await asyncio.sleep(0)
    taker.cancel()
    hints.add(A, 1.0)
    await asyncio.gather(taker, return_exceptions=True)

    async with asyncio.timeout(30):
        assert (await hints.take()).container == A


@pytest.mark.parametrize("seed", range(20))
async def test_no_hint_is_lost_and_no_container_taken_twice(seed: int) -> None:
    dice = random.Random(seed)
    hints = Hints()
    heard: Counter[ContainerId] = Counter()
    seen: dict[ContainerId, int] = {}
    busy: set[ContainerId] = set()

    async def look() -> None:
        while True:
            taken = await hints.take()
            assert taken.container not in busy
            busy.add(taken.container)
            version = heard[taken.container]
            for _ in range(dice.randint(0, 4)):
                await asyncio.sleep(0)
            seen[taken.container] = version
            busy.remove(taken.container)
            hints.done(taken)

    takers = [asyncio.ensure_future(look()) for _ in range(4)]
    for number in range(300):
        container = ContainerId(dice.choice("abcdef"))
        heard[container] += 1
        if dice.random() < 0.3:
            hints.listed({container: number}, 0.0)
        else:
            hints.add(container, 0.0)
        for _ in range(dice.randint(0, 2)):
            await asyncio.sleep(0)
    await eventually(lambda: len(hints) == 0, "every hint is looked at")

    assert seen == dict(heard)
    assert not any(taker.done() for taker in takers)
    for taker in takers:
        taker.cancel()
    await asyncio.gather(*takers, return_exceptions=True)
