"""Both forms of the listener, with and without its compiled part."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import dns.message
import pytest

from dnsroom import data, put, query, responder
from registrator_dns import _drain
from registrator_dns.answers import Answer, Answers
from registrator_dns.kept import Ready, Usual
from registrator_dns.ready import pack
from registrator_dns.udp import BATCH, UdpListener
from samples import web
from waiting import eventually

NAME = "web.service.consul"
SEVERAL = [web(str(n), address=f"10.0.0.{n}") for n in (1, 2, 3)]

FORMS = pytest.mark.parametrize("built", [True, False], ids=["built", "plain"])
ADDRESSES = pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.77"),
        ("::1", "::1"),
        ("::", "::1"),
    ],
)


def udp_socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


@contextmanager
def listening(
    answer: Answer,
    usual: Usual | None = None,
    *,
    built: bool,
    listen: str = "127.0.0.1",
    asked: str = "127.0.0.1",
) -> Iterator[socket.socket]:
    """Have a listener, and a client that hears from no other address than it asks."""
    with udp_socket(listen) as bound, udp_socket(asked) as client:
        bound.bind((listen, 0))
        client.connect((asked, bound.getsockname()[1]))
        listener = UdpListener(bound, answer, usual=usual, built=built)
        try:
            yield client
        finally:
            listener.stop()


async def hear(client: socket.socket) -> bytes:
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(client, 65_535)


async def ask(client: socket.socket, packet: bytes) -> bytes:
    client.send(packet)
    return await hear(client)


def known(*packets: bytes) -> Answers:
    """Make a responder to which some queries are usual already."""
    answers = responder(*SEVERAL, web("other", name="other"))
    for packet in packets:
        answers.answer(packet, udp=True)
    return answers


@FORMS
@ADDRESSES
async def test_what_is_usual_and_what_is_not_are_answered_alike(
    listen: str, asked: str, *, built: bool
) -> None:
    answers = known()
    with listening(
        answers.answer, answers.usual, built=built, listen=listen, asked=asked
    ) as client:
        replies = [await ask(client, query(NAME, "SRV")) for _ in range(6)]

    read = [dns.message.from_wire(octets) for octets in replies]
    assert len({tuple(data(answer)) for answer in read[:3]}) == 3
    assert replies[:3] == replies[3:]
    assert all(len(answer.additional) == 3 for answer in read)


@FORMS
@pytest.mark.parametrize("edns", [{}, {"payload": 1232}, {"payload": 512}])
async def test_id_and_case_are_those_of_each_query(
    edns: dict[str, Any], *, built: bool
) -> None:
    answers = known(query(NAME, **edns))
    packet = b"\xab\xcd" + query("wEb.SERVICE.consuL", **edns)[2:]
    with listening(answers.answer, answers.usual, built=built) as client:
        octets = await ask(client, packet)

    answer = dns.message.from_wire(octets)
    assert answer.id == 0xABCD
    assert str(answer.question[0].name) == "wEb.SERVICE.consuL."
    assert (answer.edns == 0) is bool(edns)


@FORMS
async def test_a_mixture_is_answered_each_by_its_own(*, built: bool) -> None:
    usual = [query(NAME), query(NAME, "SRV"), query(NAME, "AAAA", payload=1232)]
    unusual = [query("nope.consul"), query("example.org"), query("consul", "SOA")]
    silent = [b"", b"\0", query(NAME)[:2] + b"\x80" + query(NAME)[3:]]
    answers = known(*usual)
    asked = [
        number.to_bytes(2) + each[2:]
        for number, each in enumerate(usual + unusual + silent)
    ] * (BATCH // 4)
    expected = known(*usual)

    with listening(answers.answer, answers.usual, built=built) as client:
        for packet in asked:
            client.send(packet)
        replies = [await hear(client) for each in asked if not is_silent(each)]

    wanted = {
        packet[:2]: expected.answer(packet, udp=True)
        for packet in asked
        if not is_silent(packet)
    }
    assert len(wanted) == 6
    for octets in replies:
        assert len(octets) == len(wanted[octets[:2]] or b"")
        assert octets[2:12] == (wanted[octets[:2]] or b"")[2:12]


def is_silent(packet: bytes) -> bool:
    return len(packet) < 12 or packet[2] & 0x80 > 0


@FORMS
async def test_every_answer_is_counted_once(*, built: bool) -> None:
    answers = known()
    with listening(answers.answer, answers.usual, built=built) as client:
        for kind in ("A", "A", "AAAA", "AAAA", "SRV"):
            await ask(client, query(NAME, kind))
        await ask(client, query("nope.consul"))

    counts = answers.counters.answers()
    assert counts["udp", "NOERROR"] == 5
    assert counts["udp", "NXDOMAIN"] == 1


@FORMS
@ADDRESSES
async def test_who_asks_is_told_to_who_answers(
    listen: str, asked: str, *, built: bool
) -> None:
    seen = []

    def answer(packet: bytes, *, udp: bool, client: str = "") -> bytes | None:
        seen.append((packet, udp, client))
        return b"reply"

    with listening(answer, built=built, listen=listen, asked=asked) as client:
        assert await ask(client, b"x" * 5000) == b"reply"
        assert await ask(client, b"") == b"reply"
        own = client.getsockname()[0]

    assert seen == [(b"x" * 4096, True, own), (b"", True, own)]


@FORMS
async def test_a_change_is_in_the_next_answer(*, built: bool) -> None:
    answers = known()
    with listening(answers.answer, answers.usual, built=built) as client:
        await ask(client, query(NAME))
        await ask(client, query(NAME))
        put(answers, web("4", address="10.0.0.4"))
        octets = await ask(client, query(NAME))

    assert len(data(dns.message.from_wire(octets))) == 4


@FORMS
async def test_an_answer_of_any_size_is_sent_or_lost_alone(*, built: bool) -> None:
    sizes = {b"large": 20_000, b"too large": 70_000, b"small": 1}

    def answer(packet: bytes, *, udp: bool, client: str = "") -> bytes | None:
        return bytes(sizes[packet])

    with listening(answer, built=built) as client:
        for packet in sizes:
            client.send(packet)
        heard = [len(await hear(client)) for _ in range(2)]

    assert heard == [20_000, 1]


WHOLE = b"id" + b"\x85\0\0\1\0\1\0\0\0\0" + b"?" * 17
FITTING = pack([WHOLE + b"!"], len(WHOLE))


@pytest.mark.parametrize(
    "ready",
    [
        bytearray(),
        FITTING[:15],
        FITTING[:-1],
        bytearray(b"\1") + FITTING[1:],
        FITTING[:2] + (len(WHOLE) + 1).to_bytes(2) + FITTING[4:],
        FITTING[:2] + b"\0\x0b" + FITTING[4:],
        FITTING[:4] + b"\xff\xff" + FITTING[6:] + bytes(70_000),
        bytes,
    ],
)
async def test_what_does_not_fit_is_not_written_anywhere(ready: Ready) -> None:
    def answer(packet: bytes, *, udp: bool, client: str = "") -> bytes | None:
        return b"another"

    packet = WHOLE[:2] + bytes(10) + WHOLE[12:]
    usual = Usual({packet[2:]: ready})
    with listening(answer, usual, built=True) as client:
        assert await ask(client, packet) == b"another"
        usual.ready[packet[2:]] = FITTING
        assert await ask(client, packet) == WHOLE + b"!"


async def test_an_error_of_who_answers_is_not_lost() -> None:
    def answer(packet: bytes, *, udp: bool, client: str = "") -> bytes | None:
        raise ZeroDivisionError

    loop = asyncio.get_running_loop()
    told: list[object] = []
    with ExitStack() as opened:
        loop.set_exception_handler(lambda _, how: told.append(how["exception"]))
        opened.callback(loop.set_exception_handler, None)
        client = opened.enter_context(listening(answer, built=True))
        client.send(b"query")
        await eventually(lambda: told, "the error is told")

    assert isinstance(told[0], ZeroDivisionError)


@pytest.mark.parametrize("room", [bytearray(100), bytearray()])
def test_the_compiled_part_refuses_too_little_room(room: bytearray) -> None:
    with pytest.raises(ValueError, match="no room"):
        _drain.drain(0, room, {}, print)
