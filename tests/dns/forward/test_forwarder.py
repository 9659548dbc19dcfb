"""A responder that forwards, between real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from dnsbound import Bound
from dnsroom import data, flags, query, responder
from registrator.errors import ConfigError
from registrator_dns.forward import lookups
from registrator_dns.forward.flight import Patience
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.forward.options import read
from registrator_dns.forward.resolv_conf import ResolvConf
from samples import web
from servers import free_ports
from upstreams import (
    Asked,
    Script,
    Upstream,
    options_with,
    reply,
    silent,
    tells,
    truncates,
)
from waiting import eventually

NAME = "www.example.org"
OURS = "web.service.consul"
ADDRESS = "300 A 192.0.2.1"
SOA = "example.org. 900 SOA ns.example.org. host.example.org. 1 2 3 4 60"
# Long enough to be sure of it, short enough to wait for it.
SHORT = Patience(one=0.15, all=0.4, local=0.1)
# For what is answered, however late: the machine may be busy elsewhere.
LONG = Patience(one=30.0, all=60.0, local=30.0)

Opened = tuple[Bound, Forwarder]


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def upstream(opened: AsyncExitStack) -> Callable[..., Awaitable[Upstream]]:
    async def start(script: Script, address: str = "127.0.0.1") -> Upstream:
        return await opened.enter_async_context(Upstream(script, address))

    return start


Start = Callable[..., Awaitable[Upstream]]


def nowhere() -> Upstream:
    """Make one that is not there, at a port that nobody else comes to have."""
    gone = Upstream(silent)
    (port,) = free_ports(1)
    gone.place = ("127.0.0.1", port)
    return gone


def shown(*upstreams: Upstream) -> str:
    places = (it.place for it in upstreams)
    return ",".join(
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        for address, port in places
    )


async def forward(
    opened: AsyncExitStack, *upstreams: Upstream, **settings: Any
) -> Opened:
    """Start a responder that has these upstreams, or the options that are given."""
    arguments = {"patience": LONG} | {
        name: settings.pop(name)
        for name in ("resolv_conf", "most", "patience", "limit")
        if name in settings
    }
    listen = settings.pop("listen", "127.0.0.1")
    pairs = options_with(**{"upstream": shown(*upstreams), **settings})
    mistakes: list[str] = []
    forwarder = Forwarder(read(pairs, mistakes), **arguments)
    assert not mistakes
    answers = responder(web(), forwards=True)
    server = await opened.enter_async_context(
        Bound([(listen, 0)], answers.answer, forwarder=forwarder)
    )
    return server, forwarder


async def ask(
    server: Bound,
    name: str = NAME,
    kind: str = "A",
    *,
    udp: bool = True,
    packet: bytes = b"",
    address: str = "",
    **edns: Any,
) -> dns.message.Message:
    """Ask from an address of the same family; take a reply from nobody else."""
    ours, port = server.endpoints[0]
    asked = packet or query(name, kind, **edns)
    if udp:
        octets = await ask_over_udp((address or ours, port), asked)
    else:
        octets = await ask_over_tcp((ours, port), asked)
    answer = dns.message.from_wire(octets)
    assert dns.message.from_wire(asked).is_response(answer)
    return answer


async def ask_over_udp(place: tuple[str, int], packet: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(place)
        await loop.sock_sendall(client, packet)
        async with asyncio.timeout(20):
            return await loop.sock_recv(client, 65_535)


async def ask_over_tcp(place: tuple[str, int], packet: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*place)
    try:
        writer.write(framed(packet))
        return await receive(reader)
    finally:
        writer.close()


def framed(*packets: bytes) -> bytes:
    return b"".join(len(packet).to_bytes(2) + packet for packet in packets)


async def receive(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        size = int.from_bytes(await reader.readexactly(2))
        return await reader.readexactly(size)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("udp", [True, False])
async def test_a_name_of_others_is_asked_of_the_upstream_by_the_same_transport(
    opened: AsyncExitStack, upstream: Start, udp: bool, address: str
) -> None:
    other = await upstream(tells(ADDRESS), address)
    server, _ = await forward(opened, other, listen=address)

    answer = await ask(server, udp=udp)

    assert data(answer) == ["192.0.2.1"]
    assert flags(answer) == "QR RD RA"
    assert answer.edns == -1
    assert other.over_udp == [udp]
    assert other.queries[0].payload == 1232


async def test_names_of_ours_are_never_asked_of_others(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other, zone_upstream=f"consul={shown(other)}")

    found = await ask(server, OURS)
    denied = await ask(server, "nope.service.consul")
    refused = await ask(server, "consul", "AXFR")
    reverse = await ask(server, "1.0.0.10.in-addr.arpa", "PTR")

    assert data(found) == ["10.0.0.1"]
    assert flags(found) == "QR AA RD RA"
    assert denied.rcode() == dns.rcode.NXDOMAIN
    assert refused.rcode() == dns.rcode.REFUSED
    assert data(reverse) == ["web.service.dc1.consul."]
    assert other.queries == []


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"])
@pytest.mark.parametrize("udp", [True, False])
async def test_one_that_will_not_answer_is_followed_by_the_next(
    opened: AsyncExitStack, upstream: Start, rcode: str, udp: bool
) -> None:
    first, second = await upstream(tells(rcode=rcode)), await upstream(tells(ADDRESS))
    server, _ = await forward(opened, first, second)

    assert data(await ask(server, udp=udp)) == ["192.0.2.1"]
    assert first.queries


@pytest.mark.parametrize("udp", [True, False])
async def test_one_that_is_not_there_is_followed_by_the_next_and_put_aside(
    opened: AsyncExitStack, upstream: Start, udp: bool
) -> None:
    second = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, nowhere(), second)

    assert data(await ask(server, udp=udp)) == ["192.0.2.1"]


@pytest.mark.parametrize("udp", [True, False])
async def test_one_that_is_silent_is_followed_by_the_next_and_put_aside(
    opened: AsyncExitStack, upstream: Start, udp: bool
) -> None:
    first, second = await upstream(silent), await upstream(tells(ADDRESS))
    server, _ = await forward(opened, first, second, patience=SHORT, cache="0")

    answers = [await ask(server, f"w{n}.example.org", udp=udp) for n in range(3)]

    assert [data(answer) for answer in answers] == [["192.0.2.1"]] * 3
    assert len(second.queries) == 3


async def test_all_that_refuse_are_one_failure(
    opened: AsyncExitStack, upstream: Start
) -> None:
    some = [await upstream(tells(rcode="REFUSED")) for _ in range(3)]
    server, forwarder = await forward(opened, *some)

    answer = await ask(server)

    assert answer.rcode() == dns.rcode.SERVFAIL
    assert flags(answer) == "QR RD RA"
    assert [len(each.queries) for each in some] == [1, 1, 1]
    assert forwarder.counts.failed == 1


@pytest.mark.parametrize("udp", [True, False])
async def test_all_that_are_silent_are_a_failure_after_a_time(
    opened: AsyncExitStack, upstream: Start, udp: bool
) -> None:
    some = [await upstream(silent) for _ in range(2)]
    server, _ = await forward(opened, *some, patience=SHORT)

    answer = await ask(server, udp=udp, payload=1232)

    assert answer.rcode() == dns.rcode.SERVFAIL
    assert answer.edns == 0


async def test_the_only_one_is_asked_again_as_packets_get_lost(
    opened: AsyncExitStack, upstream: Start
) -> None:
    def script(asked: Asked, udp: bool) -> Iterable[bytes]:
        return tells(ADDRESS)(asked, udp) if len(other.queries) > 1 else []

    other = await upstream(script)
    server, _ = await forward(opened, other, patience=Patience(one=0.2))

    assert data(await ask(server)) == ["192.0.2.1"]
    assert len({asked.id for asked in other.queries}) == 2


async def test_no_upstream_at_all_is_a_failure(
    opened: AsyncExitStack, tmp_path: Path
) -> None:
    missing = ResolvConf(tmp_path / "resolv.conf")
    server, _ = await forward(opened, upstream="resolv.conf", resolv_conf=missing)

    assert (await ask(server)).rcode() == dns.rcode.SERVFAIL


async def test_a_truncated_answer_is_passed_on_and_all_of_it_is_had_over_tcp(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(truncates(*(f"300 A 192.0.2.{n}" for n in range(100))))
    server, _ = await forward(opened, other)

    cut = await ask(server)
    whole = await ask(server, udp=False)
    cut_again = await ask(server)

    assert flags(cut) == flags(cut_again) == "QR TC RD RA"
    assert data(cut) == []
    assert len(data(whole)) == 100
    assert flags(whole) == "QR RD RA"
    assert 20 < len(data(cut_again)) < 100
    assert other.over_udp == [True, False]


def false(kind: str, asked: Asked) -> bytes:
    packet = reply(asked, "300 A 203.0.113.9").to_wire()
    return {
        "id": bytes([packet[0] ^ 1]) + packet[1:],
        "name": packet.replace(b"www", b"wwx"),
        "query": packet[:2] + b"\1" + packet[3:],
        "garbage": b"\xff" * 40,
        "empty": b"",
        "cut": packet[:-4],
    }[kind]


@pytest.mark.parametrize("udp", [True, False])
@pytest.mark.parametrize("kind", ["id", "name", "query", "garbage", "empty", "cut"])
async def test_what_is_no_answer_to_the_query_is_waited_past(
    opened: AsyncExitStack, upstream: Start, kind: str, udp: bool
) -> None:
    def script(asked: Asked, udp: bool) -> Iterable[bytes]:
        return [false(kind, asked), *tells(ADDRESS)(asked, udp)]

    server, _ = await forward(opened, await upstream(script))

    assert data(await ask(server, udp=udp)) == ["192.0.2.1"]


@pytest.mark.parametrize("source", [("127.0.0.1", 0), ("127.0.0.9", -1)])
async def test_an_answer_from_elsewhere_is_not_taken(
    opened: AsyncExitStack, upstream: Start, source: tuple[str, int]
) -> None:
    other = await upstream(silent)
    server, _ = await forward(opened, other)
    asking = asyncio.ensure_future(ask(server))
    await eventually(lambda: other.queries, "it is asked")
    forged = false("id", other.queries[0])
    forged = other.queries[0].id.to_bytes(2) + forged[2:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind((source[0], other.place[1] if source[1] else 0))
        forger.sendto(forged, other.clients[0])
    other.answer_now(tells(ADDRESS))

    assert data(await asking) == ["192.0.2.1"]


async def test_a_flood_of_wrong_answers_ends_the_exchange(
    opened: AsyncExitStack, upstream: Start
) -> None:
    def script(asked: Asked, udp: bool) -> Iterable[bytes]:
        del udp
        return [false("id", asked)] * 64

    flooded, second = await upstream(script), await upstream(tells(ADDRESS))
    server, _ = await forward(opened, flooded, second)

    assert data(await ask(server)) == ["192.0.2.1"]


async def test_each_query_has_a_port_and_an_id_of_its_own(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other)

    for number in range(40):
        await ask(server, f"w{number}.example.org")

    assert len({asked.id for asked in other.queries}) > 30
    assert len({port for _, port in other.clients}) > 30


@pytest.mark.parametrize("rcode", ["FORMERR", "NOTIMP"])
@pytest.mark.parametrize("has_question", [True, False])
async def test_one_that_does_not_know_edns_is_asked_without(
    opened: AsyncExitStack, upstream: Start, rcode: str, has_question: bool
) -> None:
    def script(asked: Asked, udp: bool) -> Iterable[bytes]:
        if asked.edns < 0:
            return tells(ADDRESS)(asked, udp)
        told = reply(asked, rcode=rcode)
        told.use_edns(False)
        packet = told.to_wire()
        return [packet if has_question else packet[:4] + bytes(8)]

    other = await upstream(script)
    server, _ = await forward(opened, other)

    answer = await ask(server, payload=1232)

    assert data(answer) == ["192.0.2.1"]
    assert answer.edns == 0
    assert [asked.edns for asked in other.queries] == [0, -1]


async def test_an_answer_is_kept_and_given_to_whoever_asks_next(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, forwarder = await forward(opened, other)
    await ask(server)

    again = await ask(server, packet=b"\x43\x21" + query("WWW.example.ORG")[2:])
    over_tcp = await ask(server, udp=False)

    assert again.id == 0x4321
    assert again.question[0].name.to_text() == "WWW.example.ORG."
    assert data(again) == data(over_tcp) == ["192.0.2.1"]
    assert len(other.queries) == 1
    assert forwarder.counts.cached == 2


async def test_what_another_question_would_bring_is_kept_apart(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other)
    checking = dns.message.make_query(NAME, "A")
    checking.flags |= dns.flags.CD

    await ask(server)
    await ask(server, payload=1232)
    await ask(server, payload=1232, ednsflags=dns.flags.DO)
    await ask(server, packet=checking.to_wire())

    assert [bool(it.ednsflags & dns.flags.DO) for it in other.queries] == [
        *(False, True, False)
    ]
    assert [bool(it.flags & dns.flags.CD) for it in other.queries] == [
        *(False, False, True)
    ]


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
async def test_a_denial_is_kept(
    opened: AsyncExitStack, upstream: Start, rcode: str
) -> None:
    other = await upstream(tells(SOA, rcode=rcode))
    server, _ = await forward(opened, other)

    answers = [await ask(server) for _ in range(2)]

    assert {dns.rcode.to_text(each.rcode()) for each in answers} == {rcode}
    assert [len(each.authority) for each in answers] == [1, 1]
    assert len(other.queries) == 1


async def test_a_failure_is_not_asked_for_again_at_once(
    opened: AsyncExitStack, upstream: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "_FAILURE_KEPT", 60.0)  # so that "at once" may take
    other = await upstream(tells(rcode="SERVFAIL"))
    server, _ = await forward(opened, other)

    answers = [await ask(server) for _ in range(2)]

    assert {each.rcode() for each in answers} == {dns.rcode.SERVFAIL}
    assert len(other.queries) == 1


async def test_without_a_cache_each_query_is_asked(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other, cache="0")

    for _ in range(2):
        await ask(server)

    assert len(other.queries) == 2


async def test_a_question_on_its_way_is_asked_once_for_all(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(silent)
    server, forwarder = await forward(opened, other)
    spellings = [NAME, NAME.upper(), "www.Example.org"]
    asking = [asyncio.ensure_future(ask(server, name)) for name in spellings]
    await eventually(
        lambda: forwarder.counts.joined == 2 and other.queries, "all have asked"
    )
    other.answer_now(tells(ADDRESS))

    answers = await asyncio.gather(*asking)

    assert [data(answer) for answer in answers] == [["192.0.2.1"]] * 3
    assert [it.question[0].name.to_text() for it in answers] == [
        f"{name}." for name in spellings
    ]
    assert len(other.queries) == 1


@pytest.mark.parametrize("udp", [True, False])
async def test_nobody_else_finds_an_open_resolver(
    opened: AsyncExitStack, upstream: Start, udp: bool
) -> None:
    other = await upstream(tells(ADDRESS))
    server, forwarder = await forward(opened, other, allow="10.0.0.0/8")

    refused = await ask(server, udp=udp)
    special = await ask(server, "localhost", udp=udp)
    ours = await ask(server, OURS, udp=udp)

    assert refused.rcode() == special.rcode() == dns.rcode.REFUSED
    assert flags(refused) == "QR RD"
    assert data(ours) == ["10.0.0.1"]
    assert other.queries == []
    assert forwarder.counts.refused == 2


@pytest.mark.parametrize(
    ("name", "kind", "cls", "rd"),
    [
        (NAME, "A", "IN", False),
        (NAME, "AXFR", "IN", True),
        (NAME, "IXFR", "IN", True),
        (NAME, "TKEY", "IN", True),
        (NAME, "MAILB", "IN", True),
        (NAME, "A", "CH", True),
        ("hostname.bind", "TXT", "CH", True),
        (NAME, "A", "ANY", True),
    ],
)
async def test_what_is_not_forwarded_is_refused(
    opened: AsyncExitStack, upstream: Start, name: str, kind: str, cls: str, rd: bool
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other)
    asked = dns.message.make_query(name, kind, cls)
    asked.flags = dns.flags.Flag.RD if rd else dns.flags.Flag(0)

    answer = await ask(server, packet=asked.to_wire())

    assert answer.rcode() == dns.rcode.REFUSED
    assert other.queries == []


async def test_names_that_nobody_is_asked_for_are_answered_at_once(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(tells(ADDRESS))
    server, forwarder = await forward(opened, other)

    printer = await ask(server, "printer.local")
    short = await ask(server, "db")
    host = await ask(server, "localhost")
    reverse = await ask(server, "9.9.17.172.in-addr.arpa", "PTR")

    denied = {each.rcode() for each in (printer, short, reverse)}
    assert denied == {dns.rcode.NXDOMAIN}
    assert data(host) == ["127.0.0.1"]
    assert other.queries == []
    assert forwarder.counts.special == 4


async def test_a_zone_of_others_goes_to_its_own_upstreams(
    opened: AsyncExitStack, upstream: Start
) -> None:
    default, corp = await upstream(tells(ADDRESS)), await upstream(silent)
    corp.script = lambda asked, udp: tells(
        "60 PTR a.b." if "arpa" in str(asked.question[0].name) else "60 A 10.9.9.9"
    )(asked, udp)
    zones = ";".join(
        f"{zone}={shown(corp)}" for zone in ("corp.test", "16.172.in-addr.arpa", "lan")
    )
    server, _ = await forward(opened, default, zone_upstream=zones)

    assert data(await ask(server)) == ["192.0.2.1"]
    assert data(await ask(server, "db.corp.test")) == ["10.9.9.9"]
    assert data(await ask(server, "lan")) == ["10.9.9.9"]
    assert data(await ask(server, "1.2.16.172.in-addr.arpa", "PTR")) == ["a.b."]
    assert (await ask(server, "x.test")).rcode() == dns.rcode.NXDOMAIN
    assert len(default.queries) == 1


async def test_with_zones_only_other_names_are_refused(
    opened: AsyncExitStack, upstream: Start
) -> None:
    corp = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, zone_upstream=f"example.org={shown(corp)}")

    found, other = await ask(server), await ask(server, "www.example.com")

    assert data(found) == ["192.0.2.1"]
    assert other.rcode() == dns.rcode.REFUSED
    assert flags(other) == "QR RD RA"


async def test_an_upstream_that_is_the_responder_itself_ends_the_start() -> None:
    (port,) = free_ports(1)
    pairs = options_with(upstream=f"127.0.0.7:{port}")
    forwarder = Forwarder(read(pairs, []))
    circle = Bound([("0.0.0.0", port)], responder().answer, forwarder=forwarder)

    with pytest.raises(ConfigError, match="is this responder itself"):
        await circle.__aenter__()

    place = ("127.0.0.1", port)
    async with Bound([place], responder().answer) as again:
        assert again.endpoints == [place]


async def test_two_that_forward_to_each_other_do_not_go_in_circles(
    opened: AsyncExitStack,
) -> None:
    placeholder = nowhere()
    first, one = await forward(opened, placeholder)
    second, two = await forward(opened, upstream=shown_server(first))
    # The first's upstream becomes the second, on the placeholder's port.
    relay = await relay_to(opened, placeholder.place, second.endpoints[0])

    answers = [await ask(first), await ask(second, "other.example.org")]

    assert {each.rcode() for each in answers} == {dns.rcode.SERVFAIL}
    assert one.counts.refused >= 1
    assert one.counts.asked + two.counts.asked <= 4
    assert len(relay) <= 4


def shown_server(server: Bound) -> str:
    address, port = server.endpoints[0]
    return f"{address}:{port}"


async def relay_to(
    opened: AsyncExitStack, place: tuple[str, int], target: tuple[str, int]
) -> list[bytes]:
    """Carry packets from one address to another and their answers back."""
    loop = asyncio.get_running_loop()
    carried: list[bytes] = []
    peers: dict[bytes, tuple[str, int]] = {}
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.callback(near.close)
    opened.callback(far.close)
    near.bind(place)
    far.connect(target)

    def there() -> None:
        packet, peer = near.recvfrom(65_535)
        carried.append(packet)
        peers[packet[:2]] = peer
        far.send(packet)

    def back() -> None:
        packet = far.recv(65_535)
        near.sendto(packet, peers[packet[:2]])

    for bound, callback in ((near, there), (far, back)):
        loop.add_reader(bound, callback)
        opened.callback(loop.remove_reader, bound)
    return carried


async def test_local_answers_come_at_once_while_all_upstreams_hang(
    opened: AsyncExitStack, upstream: Start
) -> None:
    some = [await upstream(silent) for _ in range(2)]
    server, forwarder = await forward(opened, *some, most=2000)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(server.endpoints[0])
        for number in range(200):
            client.send(query(f"w{number}.example.org"))
            client.send(number.to_bytes(2) + query(OURS)[2:])
        async with asyncio.timeout(20):
            replies = [await loop.sock_recv(client, 512) for _ in range(200)]

    assert [int.from_bytes(each[:2]) for each in replies] == list(range(200))
    assert forwarder.counts.asked == 200
    assert forwarder.counts.failed == 0


async def test_one_client_cannot_have_all_the_places(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(silent)
    server, forwarder = await forward(opened, other, most=8)
    asking = [
        asyncio.ensure_future(ask(server, f"w{number}.example.org"))
        for number in range(2)
    ]
    await eventually(lambda: len(other.queries) == 2, "both are asked")

    one_more = await ask(server, "w3.example.org")
    other.answer_now(tells(ADDRESS))
    answers = await asyncio.gather(*asking)
    other.script = tells(ADDRESS)
    later = await ask(server, "w3.example.org")

    assert one_more.rcode() == dns.rcode.SERVFAIL
    assert [data(each) for each in [*answers, later]] == [["192.0.2.1"]] * 3
    assert forwarder.counts.overload == 1


async def test_over_tcp_local_answers_do_not_wait_for_those_of_others(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(silent)
    server, _ = await forward(opened, other)
    reader, writer = await asyncio.open_connection(*server.endpoints[0])
    opened.callback(writer.close)
    writer.write(framed(b"\0\1" + query(NAME)[2:], b"\0\2" + query(OURS)[2:]))
    writer.write_eof()

    first = await receive(reader)
    await eventually(lambda: other.queries, "it is asked")
    other.answer_now(tells(ADDRESS))
    second = await receive(reader)

    assert [first[:2], second[:2]] == [b"\0\2", b"\0\1"]
    assert await reader.read() == b""


async def test_a_client_that_went_away_is_not_answered(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(silent)
    server, _ = await forward(opened, other)
    _, writer = await asyncio.open_connection(*server.endpoints[0])
    writer.write(framed(query(NAME)))
    await eventually(lambda: other.queries, "it is asked")
    writer.transport.abort()
    other.answer_now(tells(ADDRESS))

    assert data(await ask(server)) == ["192.0.2.1"]
    assert len(other.queries) == 1


async def test_closing_ends_what_is_on_its_way(
    opened: AsyncExitStack, upstream: Start
) -> None:
    other = await upstream(silent)
    server, forwarder = await forward(opened, other)
    place = server.endpoints[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(place)
        client.send(query(NAME))
        reader, writer = await asyncio.open_connection(*place)
        writer.write(framed(query("w2.example.org")))
        await eventually(lambda: len(other.queries) == 2, "both are asked")
        await server.__aexit__(None, None, None)
        other.answer_now(tells(ADDRESS))
        assert await reader.read() == b""
        writer.close()

    answers = responder(web(), forwards=True)
    async with Bound([place], answers.answer, forwarder=forwarder) as again:
        other.script = tells(ADDRESS)
        assert data(await ask(again)) == ["192.0.2.1"]
    assert forwarder.counts.failed == 0


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.77"])
async def test_a_wildcard_answers_from_the_address_that_was_asked(
    opened: AsyncExitStack, upstream: Start, asked: str
) -> None:
    other = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, other, listen="0.0.0.0")

    assert data(await ask(server, address=asked)) == ["192.0.2.1"]


async def test_what_goes_over_udp_goes_through_the_limit(
    opened: AsyncExitStack, upstream: Start
) -> None:
    limited: list[str] = []

    def limit(packet: bytes, octets: bytes, client: str) -> bytes | None:
        name = str(dns.message.from_wire(packet).question[0].name)
        limited.append(name)
        assert (octets[:2], client) == (packet[:2], "127.0.0.1")
        return None if name == "silent.test." else octets[:2] + b"\x85" + octets[3:]

    asked = await upstream(tells(ADDRESS))
    server, _ = await forward(opened, asked, limit=limit)

    assert "AA" in flags(await ask(server))
    assert "AA" in flags(await ask(server, "localhost"))
    assert "AA" not in flags(await ask(server, udp=False))
    unanswered = asyncio.ensure_future(ask(server, "silent.test"))
    await eventually(lambda: "silent.test." in limited, "it goes through the limit")
    # What comes later is answered: this was let fall.
    assert "AA" in flags(await ask(server))
    assert not unanswered.done()
    unanswered.cancel()
    assert limited == [f"{NAME}.", "localhost.", "silent.test.", f"{NAME}."]


async def test_without_a_forwarder_what_is_elsewhere_is_refused() -> None:
    async with Bound([("127.0.0.1", 0)], responder(web()).answer) as server:
        for udp in (True, False):
            answer = await ask(server, udp=udp)
            assert answer.rcode() == dns.rcode.REFUSED
            assert flags(answer) == "QR RD"
