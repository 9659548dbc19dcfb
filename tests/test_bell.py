import asyncio

from registrator.bell import Bell
from waiting import eventually


async def test_everybody_who_waits_is_woken() -> None:
    bell = Bell()
    waiting = [asyncio.ensure_future(bell.after(0)) for _ in range(3)]

    await asyncio.sleep(0)
    bell.ring()

    assert await asyncio.gather(*waiting) == [1, 1, 1]


async def test_what_was_missed_is_heard_of_at_once_and_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()

    assert await bell.after(0) == 2


async def test_whoever_heard_of_everything_waits_for_the_next() -> None:
    bell = Bell()
    bell.ring()
    waiting = asyncio.ensure_future(bell.after(bell.count))
    turns = asyncio.ensure_future(asyncio.sleep(0))

    await eventually(turns.done, "the one who waits had its turn")
    assert not waiting.done()
    bell.ring()

    assert await waiting == 2


async def test_one_who_gives_up_leaves_the_others_waiting() -> None:
    bell = Bell()
    gone, staying = (asyncio.ensure_future(bell.after(0)) for _ in range(2))
    await asyncio.sleep(0)

    gone.cancel()
    bell.ring()

    assert await staying == 1
