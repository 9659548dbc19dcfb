"""Prepared places of a real HAProxy that change hands, under real requests."""

import pytest

from fixtures.haproxy import HAPROXIES, StartHaproxy
from instances import Instance, ask, instances, traffic
from registrator_haproxy.layout import Server
from registrator_haproxy.runtime import Reason, RunningPlaces, discover, remove
from registrator_haproxy.runtime.console import Console
from waiting import DEADLINE

pytestmark = pytest.mark.needs_haproxy

PLACES = """\
backend b
    balance static-rr
    http-reuse always
    server slot1 127.0.0.1:1 check inter 9s disabled
    server slot2 127.0.0.1:1 check inter 9s disabled
"""


def place(number: int, instance: Instance, address: str = "127.0.0.1") -> Server:
    return Server(name=f"slot{number}", address=address, port=instance.port)


@pytest.mark.parametrize("binary", HAPROXIES)
async def test_a_place_that_changes_hands_leads_nobody_to_whom_had_it(
    start_haproxy: StartHaproxy, binary: str
) -> None:
    haproxy = start_haproxy(PLACES, binary=binary)
    console = Console(haproxy.socket)
    running = RunningPlaces(console, "b")
    async with instances(3) as (one, other, new):
        assert await running.fill([place(1, one), place(2, other)]) == {}
        assert set(await ask(haproxy.url, 20)) == {one.name, other.name}
        async with traffic(haproxy.url) as seen:
            capabilities = await discover(console)
            left = await remove(running, ["slot1"], capabilities, deadline=DEADLINE)
            found = await running.look()
            assert await running.fill([place(1, new)]) == {}
            await seen.goes_on()
            had = one.served
            await seen.goes_on()

        assert left == {}
        assert found["slot1"].unused
        assert seen.failures == []
        assert one.served == had
        assert set(await ask(haproxy.url, 20)) == {new.name, other.name}


async def test_a_name_that_nobody_resolves_at_work_is_refused(
    start_haproxy: StartHaproxy,
) -> None:
    running = RunningPlaces(Console(start_haproxy(PLACES).socket), "b")
    refused = await running.fill([place(1, Instance(name="x", port=9), "x.y")])

    assert refused["slot1"].reason is Reason.UNRESOLVED
    assert (await running.look())["slot1"].unused
