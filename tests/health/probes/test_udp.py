"""UDP: silence passes, a refusal does not, and an answer is what it should be."""

import asyncio
from dataclasses import replace

import pytest

from datagram_peers import answering, datagram_peer, nothing
from peers import sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means
from registrator.health.probes.udp import DATAGRAM, UdpProbe
from servers import free_ports
from waiting import eventually

PATIENCE = 60.0


def check(target: str, asked: str = "", expect: str = "") -> Check:
    return Check(kind="udp", target=target, asked=asked, expect=expect)


async def failure(wanted: Check) -> str:
    with pytest.raises(Failed) as caught:
        async with asyncio.timeout(PATIENCE):
            await UdpProbe(Means()).run(wanted)
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_answer_passes(host: str) -> None:
    async with datagram_peer(answering(b"pong\0\n"), host=host) as server:
        outcome = await UdpProbe(Means()).run(check(server.place, "ping"))

    assert outcome.status is Status.PASSING
    assert outcome.output == f"{server.place}: answers 'pong'"
    assert server.heard == [b"ping"]


async def test_something_is_sent_where_the_check_says_nothing() -> None:
    async with datagram_peer(answering(b"pong")) as server:
        await UdpProbe(Means()).run(check(server.place))

    assert server.heard == [DATAGRAM]


async def test_silence_passes_before_the_checks_own_deadline() -> None:
    async with datagram_peer(nothing) as server:
        async with asyncio.timeout(PATIENCE):
            hasty = replace(check(server.place), timeout=0.1)
            outcome = await UdpProbe(Means()).run(hasty)

    assert outcome.status is Status.PASSING
    assert outcome.output == f"{server.place}: no answer, and no refusal"


@pytest.mark.parametrize("expect", ["", "pong"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_where_nobody_is_there_it_is_refused(host: str, expect: str) -> None:
    (port,) = free_ports(1)
    wanted = replace(check(f"{host}:{port}", "", expect), timeout=2 * PATIENCE)

    assert await failure(wanted) == f"{host}:{port}: connection refused"


async def test_silence_is_no_answer_where_one_is_expected() -> None:
    before = sockets()
    async with datagram_peer(nothing) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await UdpProbe(Means()).run(check(server.place, "ping", "pong"))

    await eventually(lambda: sockets() <= before, "all is closed")


async def test_the_expected_is_found_among_other_answers() -> None:
    async with datagram_peer(answering(b"\xff", b"", b"a pong")) as server:
        outcome = await UdpProbe(Means()).run(check(server.place, "ping", "pong"))

    assert outcome.status is Status.PASSING
    assert outcome.output == f"{server.place}: answers 'a pong'"


async def test_answers_without_the_expected_are_not_looked_at_for_ever() -> None:
    async with datagram_peer(answering(*[b"\x1b[2Jno"] * 50)) as server:
        said = await failure(check(server.place, "ping", "pong"))

    assert said == "16 answers without 'pong', the last of them '[2Jno'"


async def test_a_long_answer_is_shown_by_its_beginning() -> None:
    async with datagram_peer(answering(b"x" * 60_000)) as server:
        outcome = await UdpProbe(Means()).run(check(server.place))

    assert outcome.status is Status.PASSING
    assert len(outcome.output) < 300


async def test_no_check_reaches_a_clouds_secrets() -> None:
    assert "is refused" in await failure(check("169.254.169.254:80"))


@pytest.mark.parametrize("size", [9_000, 70_000])
async def test_a_datagram_that_is_too_long_is_said_to_be(size: int) -> None:
    async with datagram_peer(nothing) as server:
        wanted = replace(check(server.place, "x" * size), timeout=0.1)
        if size < 65_000:
            await UdpProbe(Means()).run(wanted)
        else:
            assert await failure(wanted) == f"{server.place}: message too long"
