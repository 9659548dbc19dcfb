"""Calls that block: what hangs is given up, and keeps no more than its own thread."""

import threading

import pytest

from registrator.errors import Unavailable
from registrator_haproxy.sources.threads import Threads
from waiting import eventually


async def test_a_call_gives_what_it_gives_and_raises_what_it_raises() -> None:
    threads = Threads("x://y", 30.0)

    assert await threads.call(lambda: 7) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        await threads.call(lambda: int("x"))
    threads.close()


async def test_what_hangs_is_given_up_and_nothing_is_begun_once_all_hang() -> None:
    threads, free = Threads("x://y", 0.05), threading.Event()
    begun: list[bool] = []

    def hang() -> None:
        begun.append(True)
        free.wait()

    try:
        for _ in range(8):
            with pytest.raises(Unavailable, match=r"x://y: no answer in 0.05 s"):
                await threads.call(hang)
        assert 1 <= len(begun) <= 4
    finally:
        free.set()

    async def works() -> bool:
        try:
            return await threads.call(lambda: True)
        except Unavailable:
            return False

    await eventually(works, "threads that are free again are taken again")
    threads.close()
