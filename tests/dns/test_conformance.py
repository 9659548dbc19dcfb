"""What Consul DNS answers, and what the RFCs want where Consul does otherwise.

The zone is one that Consul's own tests use: node foo at 127.0.0.1. Each case is
asked over UDP and over TCP, on real sockets, and read by dnspython.
"""

from collections.abc import AsyncIterator

import dns.asyncquery
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from dnsroom import data, flags, shown
from registrator.backend import Site
from registrator.fitness import Health
from registrator_dns.backend import DnsBackend
from samples import put, web

SERVICES = [
    web("db", name="db", address="127.0.0.1", port=12345, tags=("master", "v1.blue")),
    web("web", name="web", address="127.0.0.2", port=80, metadata={"path": "/"}),
    web("web6", name="web6", address="::4242:4242", port=80),
    web("m1", name="multi", address="127.0.0.1", port=12345),
    web("m2", name="multi", address="127.0.0.1", port=12345),
    web("m3", name="multi", address="127.0.0.1", port=12346),
    web("dns", name="dns", address="127.0.0.2", port=53, transport="udp"),
    web("h1", name="mixed", address="10.1.0.1"),
    web("h2", name="mixed", address="10.1.0.2", health=Health.UNHEALTHY),
    web("h3", name="sick", address="10.1.0.3", health=Health.UNHEALTHY),
    web("heavy", name="heavy", address="10.2.0.1", port=1, priority=3, weight=7),
    *(web(f"b{n}", name="big", address=f"10.0.0.{n}", port=n) for n in range(1, 61)),
]
FOO = "foo.node.dc1.consul."
FOO_A = f"{FOO} A 127.0.0.1"
DB_SRV = f"1 1 12345 {FOO}"
SIX = "::66.66.66.66"  # as dnspython writes ::4242:4242
HEX6 = f"{'0' * 24}42424242.addr.dc1.consul."


@pytest.fixture(params=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def zone() -> AsyncIterator[DnsBackend]:
    site = Site(node="foo", address="127.0.0.1")
    async with DnsBackend.from_uri("dns://127.0.0.1:0", site) as opened:
        kept = [it for it in SERVICES if opened.record(it) is not None]
        await put(opened, *kept)
        yield opened


async def send(
    zone: DnsBackend, transport: str, asked: dns.message.Message
) -> dns.message.Message:
    ((address, port),) = zone.endpoints
    if transport == "tcp":
        return await dns.asyncquery.tcp(asked, address, 5, port)
    return await dns.asyncquery.udp(asked, address, 5, port)


async def ask(
    zone: DnsBackend, transport: str, name: str, kind: str = "A"
) -> dns.message.Message:
    asked = dns.message.make_query(name, kind)
    answer = await send(zone, transport, asked)
    question = answer.question[0].to_text(), asked.question[0].to_text()
    assert question[0] == question[1]
    return answer


POSITIVE = {
    # 1, 2: a service's SRV and addresses
    ("db.service.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("db.service.dc1.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("db.service.consul", "A"): (["127.0.0.1"], set()),
    ("db.service.dc1.consul", "A"): (["127.0.0.1"], set()),
    # 5: tags, those with dots too
    ("master.db.service.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("v1.blue.db.service.consul", "A"): (["127.0.0.1"], set()),
    # 7: RFC 2782
    ("_db._tcp.service.dc1.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("_db._tcp.service.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("_db._tcp.dc1.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("_db._tcp.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("_db._tcp.service.consul", "A"): (["127.0.0.1"], set()),
    ("_db._master.service.consul", "SRV"): ([DB_SRV], {FOO_A}),
    ("_dns._tcp.consul", "A"): (["127.0.0.2"], set()),
    ("_dns._udp.consul", "SRV"): (
        ["1 1 53 7f000002.addr.dc1.consul."],
        {"7f000002.addr.dc1.consul. A 127.0.0.2"},
    ),
    # 9: a service with an address of its own
    ("web.service.consul", "SRV"): (
        ["1 1 80 7f000002.addr.dc1.consul."],
        {"7f000002.addr.dc1.consul. A 127.0.0.2"},
    ),
    ("web6.service.consul", "SRV"): ([f"1 1 80 {HEX6}"], {f"{HEX6} AAAA {SIX}"}),
    ("web6.service.consul", "AAAA"): ([SIX], set()),
    ("heavy.service.consul", "SRV"): (
        ["3 7 1 0a020001.addr.dc1.consul."],
        {"0a020001.addr.dc1.consul. A 10.2.0.1"},
    ),
    # 11: addresses
    ("7f000001.addr.dc1.consul", "A"): (["127.0.0.1"], set()),
    ("7f000001.addr.consul", "A"): (["127.0.0.1"], set()),
    (HEX6, "AAAA"): ([SIX], set()),
    # 12: nodes
    ("foo.node.consul", "A"): (["127.0.0.1"], set()),
    ("foo.node.dc1.consul", "ANY"): (["127.0.0.1"], set()),
    # 16: case
    ("fOO.node.dc1.consul", "A"): (["127.0.0.1"], set()),
    ("mASTER.dB.service.CoNsUl", "A"): (["127.0.0.1"], set()),
    # 21: the apex
    ("consul", "NS"): (["ns.consul."], {"ns.consul. A 127.0.0.1"}),
    ("ns.consul", "A"): (["127.0.0.1"], set()),
    # 23: the node first, then the first of its services
    ("1.0.0.127.in-addr.arpa", "PTR"): ([FOO], set()),
    ("2.0.0.127.in-addr.arpa", "PTR"): (["dns.service.dc1.consul."], set()),
    (f"{'2.4.2.4.' * 2}{'0.' * 24}ip6.arpa", "PTR"): (
        ["web6.service.dc1.consul."],
        set(),
    ),
    # 27: equal records collapse
    ("multi.service.consul", "A"): (["127.0.0.1"], set()),
    ("multi.service.consul", "ANY"): (["127.0.0.1"], set()),
    # 28: what is not passing is not shown
    ("mixed.service.consul", "A"): (["10.1.0.1"], set()),
    # RFC 6763 section 6.1: there is always a TXT
    ("web.service.consul", "TXT"): (['"path=/"'], set()),
    ("db.service.consul", "TXT"): (['"tags=master,v1.blue"'], set()),
    ("heavy.service.consul", "TXT"): (['""'], set()),
}


@pytest.mark.parametrize(
    ("question", "expected"), POSITIVE.items(), ids=[f"{n} {k}" for n, k in POSITIVE]
)
async def test_it_answers(
    zone: DnsBackend,
    transport: str,
    question: tuple[str, str],
    expected: tuple[list[str], set[str]],
) -> None:
    answer = await ask(zone, transport, *question)

    assert answer.rcode() == dns.rcode.NOERROR
    assert flags(answer) == "QR AA RD"
    assert (data(answer), shown(answer.additional)) == expected
    assert answer.authority == []
    assert {it.ttl for it in answer.answer + answer.additional} == {0}
    assert {it.name for it in answer.answer} == {dns.name.from_text(question[0])}


NEGATIVE = {
    # 3, 5, 28: nothing there, nor below
    "NXDOMAIN": [
        ("nodb.service.consul", "SRV"),
        ("nope.query.consul", "SRV"),
        ("nofoo.node.dc1.consul", "ANY"),
        ("nonexisting.consul", "ANY"),
        ("nope.db.service.consul", "SRV"),
        ("master.web.service.consul", "A"),
        ("sick.service.consul", "A"),
        ("_db._udp.consul", "SRV"),
        ("_db._nope.consul", "SRV"),
        ("db._tcp.consul", "SRV"),
        ("db.service.dc2.consul", "A"),
        ("db.service.dc1.dc1.consul", "A"),
        ("7f0000.addr.consul", "A"),
        ("zzzzzzzz.addr.consul", "A"),
        ("ns.dc1.consul", "A"),
    ],
    # 11, 17, 18, RFC 8020: there, or something below, but not of this type
    "NOERROR": [
        ("7f000001.addr.consul", "AAAA"),
        ("web6.service.consul", "A"),
        ("db.service.consul", "AAAA"),
        ("db.service.consul", "MX"),
        ("db.service.consul", "HTTPS"),
        ("db.service.consul", "SOA"),
        ("db.service.consul", "NS"),
        ("db.service.consul", "CNAME"),
        ("db.service.consul", "DS"),
        ("db.service.consul", "TYPE65280"),
        ("foo.node.consul", "SRV"),
        ("foo.node.consul", "TXT"),
        ("consul", "SRV"),
        ("consul", "A"),
        ("node.consul", "SRV"),
        ("service.consul", "SRV"),
        ("service.consul", "NS"),
        ("query.consul", "SRV"),
        ("addr.consul", "A"),
        ("dc1.consul", "A"),
        ("service.dc1.consul", "A"),
        ("_tcp.consul", "A"),
        ("_udp.service.consul", "A"),
        ("_master.dc1.consul", "A"),
        ("blue.db.service.consul", "A"),
    ],
}


@pytest.mark.parametrize(
    ("question", "rcode"),
    [
        (question, rcode)
        for rcode, questions in NEGATIVE.items()
        for question in questions
    ],
    ids=str,
)
async def test_it_denies_with_the_soa(
    zone: DnsBackend, transport: str, question: tuple[str, str], rcode: str
) -> None:
    answer = await ask(zone, transport, *question)

    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert flags(answer) == "QR AA RD"
    assert (answer.answer, answer.additional) == ([], [])
    (soa,) = answer.authority
    assert (str(soa.name), soa.rdtype, soa.ttl) == ("consul.", dns.rdatatype.SOA, 0)


@pytest.mark.parametrize(
    "question",
    [
        ("example.org", "A"),
        ("org", "NS"),
        (".", "NS"),
        ("localhost", "A"),
        ("xconsul", "A"),
        # 26: addresses that are not ours are not ours to deny
        ("9.9.9.9.in-addr.arpa", "PTR"),
        ("0.127.in-addr.arpa", "NS"),
        ("consul", "AXFR"),
        ("db.service.consul", "IXFR"),
    ],
    ids=str,
)
async def test_it_refuses_what_is_not_its_own(
    zone: DnsBackend, question: tuple[str, str]
) -> None:
    # Over UDP only: over TCP dnspython would wait for more of a transfer.
    answer = await ask(zone, "udp", *question)

    assert answer.rcode() == dns.rcode.REFUSED
    assert flags(answer) == "QR RD"
    assert answer.sections[1:] == [[], [], []]


async def test_the_soa_of_the_apex_is_consuls(zone: DnsBackend, transport: str) -> None:
    answer = await ask(zone, transport, "consul", "SOA")

    (text,) = data(answer)
    assert text.startswith("ns.consul. hostmaster.consul. ")
    assert text.endswith(" 3600 600 86400 0")


async def test_several_ports_of_one_node_share_its_address(
    zone: DnsBackend, transport: str
) -> None:
    answer = await ask(zone, transport, "multi.service.consul", "SRV")

    assert sorted(data(answer)) == [DB_SRV, f"1 1 12346 {FOO}"]
    assert shown(answer.additional) == {FOO_A}


async def test_a_big_answer_is_cut_over_udp_and_whole_over_tcp(
    zone: DnsBackend,
) -> None:
    over_udp = await ask(zone, "udp", "big.service.consul")
    over_tcp = await ask(zone, "tcp", "big.service.consul")

    assert flags(over_udp) == "QR AA TC RD"
    assert 0 < len(data(over_udp)) < 60
    assert len(over_udp.to_wire()) <= 512
    assert flags(over_tcp) == "QR AA RD"
    assert len(data(over_tcp)) == 60


async def test_ten_tries_begin_with_more_than_one_answer(
    zone: DnsBackend, transport: str
) -> None:
    tries = [await ask(zone, transport, "big.service.consul") for _ in range(10)]

    assert len({data(answer)[0] for answer in tries}) == 10


@pytest.mark.parametrize("payload", [600, 1232, 4096])
async def test_edns_makes_room_and_is_answered(zone: DnsBackend, payload: int) -> None:
    plain = await ask(zone, "udp", "big.service.consul", "SRV")
    asked = dns.message.make_query("big.service.consul", "SRV", payload=payload)

    answer = await send(zone, "udp", asked)

    assert (plain.edns, answer.edns, answer.payload) == (-1, 0, 1232)
    assert len(data(answer)) > len(data(plain))
    assert len(answer.to_wire()) <= min(payload, 1232)
