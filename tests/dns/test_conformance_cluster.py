"""What Consul DNS answers about other hosts, aliases, statuses and browsing.

Each case is asked over UDP and over TCP, on real sockets, and read by dnspython.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import dns.asyncquery
import dns.message
import dns.name
import dns.rcode
import pytest

from dnsbound import Bound
from dnsroom import FOO, data, flags, responder, shown
from registrator.fitness import Status
from registrator.model import Instance
from registrator_dns.options import read_options
from samples import web

OPTIONS = read_options("dns:///consul,foo-domain?ttl=db:10,mu*:7,*:5&negative-ttl=3")


def on(
    node: str, id_: str, name: str, status: Status = Status.PASSING, **changes: object
) -> Instance:
    service = web(id_, name=name, **changes)
    known = {"foo": "127.0.0.1", "bar": "127.0.0.9", "bar6": "::4242:4242"}
    instance = Instance.of(service, node=node, node_address=known.get(node, ""))
    return replace(instance, status=status)


INSTANCES = [
    on("foo", "db", "db", address="127.0.0.1", port=12345, tags=("master",)),
    on("bar", "web", "web", address="127.0.0.2", port=80),
    on("bar", "api", "api", address="127.0.0.9", port=81),
    on("bar6", "web6", "web6", address="::4242:4242", port=80),
    on("foo", "m1", "multi", address="127.0.0.1", port=12345),
    on("bar", "m2", "multi", address="127.0.0.9", port=12345),
    on("foo", "search", "search", address="WWW.Example.org", port=443),
    on("foo", "two-1", "two", address="b.example.org"),
    on("foo", "two-2", "two", address="a.example.org"),
    on("foo", "mixed-1", "mixed", address="a.example.org"),
    on("foo", "mixed-2", "mixed", address="10.0.0.7"),
    on("foo", "inside", "inside", address="db.service.consul"),
    on("foo", "to-node", "to-node", address="bar.node.consul"),
    on("foo", "none", "portless", address="10.0.0.8", port=0),
    on("x", "s1", "sick", address="10.0.1.1"),
    on("x", "s2", "sick", Status.WARNING, address="10.0.1.2"),
    on("x", "s3", "sick", Status.CRITICAL, address="10.0.1.3"),
    on("x", "s4", "dead", Status.CRITICAL, address="10.0.1.4"),
    on("gone", "host.1:web:80", "dns", address="10.0.2.1", transport="udp"),
]
DNS_1 = "host_2e1_3aweb_3a80._dns._udp.consul"
BAR_A = "bar.node.dc1.consul. A 127.0.0.9"


@pytest.fixture(params=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server() -> AsyncIterator[Bound]:
    answers = responder(
        *(each for each in INSTANCES if each.status in OPTIONS.shown),
        host=FOO,
        domain="consul,foo-domain",
        ttl=OPTIONS.ttls,
        negative_ttl=OPTIONS.negative_ttl,
    )
    async with Bound([("127.0.0.1", 0)], answers.answer) as opened:
        yield opened


async def ask(
    server: Bound, transport: str, name: str, kind: str
) -> dns.message.Message:
    ((address, port),) = server.endpoints
    asked = dns.message.make_query(name, kind)
    send = dns.asyncquery.tcp if transport == "tcp" else dns.asyncquery.udp
    return await send(asked, address, 5, port)


POSITIVE: dict[tuple[str, str], tuple[list[str], set[str], int]] = {
    # 1, 12: a node is a target, and has its address
    ("db.service.consul", "SRV"): (
        ["1 1 12345 foo.node.dc1.consul."],
        {"foo.node.dc1.consul. A 127.0.0.1"},
        10,
    ),
    ("api.service.consul", "SRV"): (["1 1 81 bar.node.dc1.consul."], {BAR_A}, 5),
    ("bar.node.consul", "A"): (["127.0.0.9"], set(), 5),
    ("bar6.node.dc1.consul", "AAAA"): (["::66.66.66.66"], set(), 5),
    # 9: an address that is not the node's
    ("web.service.consul", "SRV"): (
        ["1 1 80 7f000002.addr.dc1.consul."],
        {"7f000002.addr.dc1.consul. A 127.0.0.2"},
        5,
    ),
    # 22: everything is in the domain that was asked
    ("api.service.foo-domain", "SRV"): (
        ["1 1 81 bar.node.dc1.foo-domain."],
        {"bar.node.dc1.foo-domain. A 127.0.0.9"},
        5,
    ),
    ("foo-domain", "NS"): (
        ["ns.foo-domain."],
        {"ns.foo-domain. A 127.0.0.1", "ns.foo-domain. AAAA ::1"},
        5,
    ),
    # 23: the node first, in the first domain
    ("9.0.0.127.in-addr.arpa", "PTR"): (["bar.node.dc1.consul."], set(), 5),
    (f"{'2.4.2.4.' * 2}{'0.' * 24}ip6.arpa", "PTR"): (
        ["bar6.node.dc1.consul."],
        set(),
        5,
    ),
    ("2.0.0.127.in-addr.arpa", "PTR"): (["web.service.dc1.consul."], set(), 5),
    # 34: the TTL goes by the name
    ("db.service.consul", "A"): (["127.0.0.1"], set(), 10),
    ("multi.service.consul", "AAAA"): ([], set(), 3),
    # NoMultiCNAME, PreferNoCNAME
    ("search.service.consul", "A"): (["www.example.org."], set(), 5),
    ("search.service.consul", "HTTPS"): (["www.example.org."], set(), 5),
    ("search.service.consul", "ANY"): (["www.example.org."], set(), 5),
    ("search.service.consul", "SRV"): (["1 1 443 www.example.org."], set(), 5),
    ("search.service.consul", "TXT"): (['""'], set(), 5),
    ("two.service.consul", "A"): (["a.example.org."], set(), 5),
    ("mixed.service.consul", "A"): (["10.0.0.7"], set(), 5),
    ("mixed.service.consul", "CNAME"): ([], set(), 3),
    # RFC 1034 4.3.2: an alias within our domains brings what it leads to
    ("inside.service.consul", "A"): (["db.service.consul.", "127.0.0.1"], set(), 5),
    ("to-node.service.consul", "A"): (["bar.node.consul.", "127.0.0.9"], set(), 5),
    ("to-node.service.consul", "CNAME"): (["bar.node.consul."], set(), 5),
    # 28: what is shown is what passes
    ("sick.service.consul", "A"): (["10.0.1.1"], set(), 5),
    # an instance without a port
    ("portless.service.consul", "A"): (["10.0.0.8"], set(), 5),
    ("portless.service.consul", "SRV"): ([], set(), 3),
    # RFC 6763
    ("b._dns-sd._udp.consul", "PTR"): (["consul."], set(), 5),
    ("lb._dns-sd._udp.foo-domain", "PTR"): (["foo-domain."], set(), 5),
    ("_dns._udp.consul", "PTR"): (
        [f"{DNS_1}."],
        {
            f"{DNS_1}. SRV 1 1 8000 0a000201.addr.dc1.consul.",
            f'{DNS_1}. TXT ""',
            "0a000201.addr.dc1.consul. A 10.0.2.1",
        },
        5,
    ),
    (DNS_1, "SRV"): (
        ["1 1 8000 0a000201.addr.dc1.consul."],
        {"0a000201.addr.dc1.consul. A 10.0.2.1"},
        5,
    ),
    (DNS_1, "TXT"): (['""'], set(), 5),
    # SkyDNS's *
    ("*.multi.service.consul", "A"): ([], set(), -1),
    ("*.db.service.consul", "A"): (["127.0.0.1"], set(), 10),
    ("*._db._tcp.consul", "SRV"): (
        ["1 1 12345 foo.node.dc1.consul."],
        {"foo.node.dc1.consul. A 127.0.0.1"},
        10,
    ),
    ("bar.node.*.consul", "A"): (["127.0.0.9"], set(), 5),
}


@pytest.mark.parametrize(
    ("question", "expected"), POSITIVE.items(), ids=[f"{n} {k}" for n, k in POSITIVE]
)
async def test_it_answers(
    server: Bound,
    transport: str,
    question: tuple[str, str],
    expected: tuple[list[str], set[str], int],
) -> None:
    answer = await ask(server, transport, *question)
    wanted, additional, ttl = expected

    assert answer.rcode() == (dns.rcode.NXDOMAIN if ttl < 0 else dns.rcode.NOERROR)
    assert flags(answer) == "QR AA RD"
    assert data(answer) == wanted
    assert shown(answer.additional) == additional
    assert bool(answer.authority) == (not wanted)
    ttls = {it.ttl for it in answer.answer[:1] + answer.authority + answer.additional}
    assert ttls == {3 if ttl < 0 else ttl}
    if wanted:
        assert answer.answer[0].name == dns.name.from_text(question[0])


@pytest.mark.parametrize(
    "name",
    [
        "dead.service.consul",
        "dead.service.foo-domain",
        "gone.node.consul",
        "x.node.consul",
        "nope._dns._udp.consul",
        "host_2e1_3aweb_3a80._dns._tcp.consul",
        "_services._dns-sd._tcp.consul",
        "*.nope.service.consul",
        "any.service.consul",
    ],
)
async def test_it_denies_what_is_not_there(
    server: Bound, transport: str, name: str
) -> None:
    answer = await ask(server, transport, name, "A")

    assert answer.rcode() == dns.rcode.NXDOMAIN
    (soa,) = answer.authority
    assert (str(soa.name), soa.ttl) == (f"{name.rpartition('.')[2]}.", 3)


async def test_all_types_of_service_are_listed(server: Bound, transport: str) -> None:
    answer = await ask(server, transport, "_services._dns-sd._udp.consul", "PTR")

    names = ("db", "web", "api", "web6", "multi", "search", "two", "mixed")
    more = ("inside", "to-node", "portless", "sick")
    types = [f"_{name}._tcp.consul." for name in names + more]
    assert sorted(data(answer)) == sorted([*types, "_dns._udp.consul."])


async def test_equal_records_of_several_hosts_stay_apart(
    server: Bound, transport: str
) -> None:
    answer = await ask(server, transport, "multi.service.consul", "SRV")

    assert sorted(data(answer)) == [
        "1 1 12345 bar.node.dc1.consul.",
        "1 1 12345 foo.node.dc1.consul.",
    ]
    assert shown(answer.additional) == {BAR_A, "foo.node.dc1.consul. A 127.0.0.1"}
    assert {it.ttl for it in answer.answer + answer.additional} == {7}


def test_warnings_are_shown_where_they_are_asked_for() -> None:
    warning = read_options("dns://?only=warning")
    sick = [each for each in INSTANCES if each.name == "sick"]

    for options, addresses in ((OPTIONS, ["1"]), (warning, ["1", "2"])):
        seen = [each.address[-1:] for each in sick if each.status in options.shown]
        assert seen == addresses
