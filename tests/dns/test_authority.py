import pytest

from dnsroom import FOO, instance, query
from registrator_dns import names, wire
from registrator_dns.authority import Authority, Verdict
from registrator_dns.query import read
from registrator_dns.ttls import Ttls
from registrator_dns.zone import Zone
from samples import web

CONSUL = (b"consul",)
DOMAINS = [CONSUL, (b"alt", b"example"), (b"sub", b"consul")]
SERVICES = [
    web(address="127.0.0.2"),
    web("a1", name="a1", address="web.service.consul"),
    web("a2", name="a2", address="A1.service.alt.example"),
    web("l1", name="l1", address="l2.service.consul"),
    web("l2", name="l2", address="l1.service.consul"),
    web("self", name="self", address="self.service.consul"),
    web("nowhere", name="nowhere", address="nope.service.consul"),
    web("out", name="out", address="www.example.org"),
    web("on", name="on", address="out.service.consul"),
    *(
        web(f"h{n}", name=f"h{n}", address=f"h{n + 1}.service.consul")
        for n in range(20)
    ),
]
PLACE = "2.0.0.127.in-addr.arpa"


def judge(name: str, kind: str = "A", cls: str = "IN") -> Verdict:
    zone = Zone(FOO, serial=5, ttls=Ttls(default=9))
    for service in SERVICES:
        zone.put(service.id, instance(service))
    return Authority(zone, DOMAINS, 9, 7).judge(read(query(name, kind, cls)))


@pytest.mark.parametrize(
    ("name", "kind", "cls"),
    [
        ("example.org", "A", "IN"),
        (".", "NS", "IN"),
        ("org.consul.org", "A", "IN"),
        ("notconsul", "A", "IN"),
        ("web.service.consul", "A", "HS"),
        ("web.service.consul", "A", "ANY"),
        ("web.service.consul", "A", "CH"),
        ("hostname.bind", "TXT", "CH"),
        ("version.bind", "A", "CH"),
        ("version.bind", "TXT", "IN"),
        ("web.service.consul", "AXFR", "IN"),
        ("consul", "IXFR", "IN"),
        ("3.0.0.127.in-addr.arpa", "PTR", "IN"),
        ("0.0.127.in-addr.arpa", "NS", "IN"),
        ("in-addr.arpa", "SOA", "IN"),
        ("1.ip6.arpa", "PTR", "IN"),
    ],
)
def test_what_is_not_ours_is_refused(name: str, kind: str, cls: str) -> None:
    assert judge(name, kind, cls) == Verdict(wire.REFUSED)


@pytest.mark.parametrize("name", ["version.bind", "VERSION.server"])
def test_chaos_tells_what_this_is(name: str) -> None:
    verdict = judge(name, "TXT", "CH")

    assert verdict.rrset is not None
    assert verdict.rrset.rdatas == (b"\x0bregistrator",)


def test_a_name_of_the_domain_is_found_with_what_it_depends_on() -> None:
    verdict = judge("web.service.consul")

    assert verdict.rcode == wire.NOERROR
    assert verdict.apex == CONSUL
    assert verdict.rrset is not None
    assert verdict.rrset.rdatas == (names.packed("127.0.0.2"),)
    assert verdict.key == (b"web", b"service")
    assert verdict.ttl == 9


@pytest.mark.parametrize("name", ["shop.service.consul", "x.web.service.consul"])
def test_a_name_that_is_not_there_is_denied_by_the_domain(name: str) -> None:
    assert judge(name) == Verdict(wire.NXDOMAIN, CONSUL)


@pytest.mark.parametrize(("name", "apex"), [("consul", "consul"), (PLACE, PLACE)])
def test_every_apex_has_a_soa_and_a_name_server(name: str, apex: str) -> None:
    soa, ns = judge(name, "SOA"), judge(name, "NS")

    assert soa.apex == ns.apex == names.parse(apex)
    assert soa.rrset is not None
    assert soa.rrset.rdatas == (wire.soa(b"\x06consul\0", 5 + len(SERVICES), 7),)
    assert ns.rrset is not None
    assert ns.rrset.rdatas == (b"\x02ns\x06consul\0",)
    assert [glue.kind for glue in ns.rrset.glue] == [wire.A, wire.AAAA]


def test_any_at_the_apex_is_the_soa() -> None:
    verdict = judge("consul", "ANY")

    assert verdict.rrset is not None
    assert verdict.rrset.kind == wire.SOA


@pytest.mark.parametrize("kind", ["SOA", "NS"])
def test_no_other_name_has_a_soa_or_a_name_server(kind: str) -> None:
    verdict = judge("web.service.consul", kind)

    assert verdict.rcode == wire.NOERROR
    assert verdict.rrset is not None
    assert verdict.rrset.rdatas == ()


@pytest.mark.parametrize("kind", ["PTR", "ANY"])
def test_an_address_of_ours_has_a_pointer(kind: str) -> None:
    verdict = judge(PLACE, kind)

    assert verdict.rrset is not None
    assert verdict.rrset.kind == wire.PTR
    assert verdict.rrset.rdatas == (b"\x03web\x07service\x03dc1\x06consul\0",)


def test_an_address_of_ours_has_nothing_else() -> None:
    verdict = judge(PLACE, "A")

    assert (verdict.rcode, verdict.apex) == (wire.NOERROR, names.parse(PLACE))
    assert verdict.rrset is not None
    assert verdict.rrset.rdatas == ()


def test_nothing_is_below_an_address_of_ours() -> None:
    assert judge(f"x.{PLACE}") == Verdict(wire.NXDOMAIN, names.parse(PLACE))


def test_the_soa_of_a_zone_that_changed_has_moved_on() -> None:
    zone = Zone(FOO, serial=5)
    authority = Authority(zone, DOMAINS, 0, 0)
    before = authority.soa(CONSUL)
    zone.put("web", instance(web()))

    assert before == wire.soa(b"\x06consul\0", 5, 0)
    assert authority.soa(CONSUL) == wire.soa(b"\x06consul\0", 6, 0)


@pytest.mark.parametrize(
    ("name", "apex"),
    [
        ("web.service.alt.example", "alt.example"),
        ("web.service.consul", "consul"),
        ("web.service.sub.consul", "sub.consul"),
        ("sub.consul", "sub.consul"),
    ],
)
def test_a_name_is_in_the_longest_domain_that_it_ends_in(name: str, apex: str) -> None:
    assert judge(name).apex == names.parse(apex)


def test_each_domain_has_a_soa_and_a_name_server_of_its_own() -> None:
    soa, ns = judge("alt.example", "SOA"), judge("alt.example", "NS")

    assert soa.rrset is not None
    assert soa.rrset.rdatas[0].startswith(b"\x02ns\x03alt\x07example\0")
    assert (soa.ttl, ns.ttl) == (7, 9)
    assert ns.rrset is not None
    assert ns.rrset.rdatas == (b"\x02ns\x03alt\x07example\0",)


def chain(name: str, kind: str = "A") -> list[str]:
    verdict = judge(f"{name}.service.consul", kind)
    assert verdict.rcode == wire.NOERROR
    assert verdict.rrset is not None
    assert verdict.rrset.kind == wire.CNAME
    return [link.owner.split(b"\7service")[0][1:].decode() for link in verdict.chain]


@pytest.mark.parametrize(
    ("name", "kind", "further"),
    [
        ("a1", "A", ["web"]),
        ("a2", "A", ["a1", "web"]),
        ("a2", "AAAA", ["a1"]),
        ("a2", "CNAME", []),
        ("a2", "ANY", []),
        ("l1", "A", ["l2"]),
        ("self", "A", []),
        ("nowhere", "A", []),
        ("out", "A", []),
        ("on", "A", ["out"]),
        ("h0", "A", [f"h{n}" for n in range(1, 9)]),
    ],
)
def test_an_alias_brings_what_it_leads_to_among_our_names(
    name: str, kind: str, further: list[str]
) -> None:
    assert chain(name, kind) == further


@pytest.mark.parametrize(
    ("name", "depends"),
    [("out", True), ("on", False), ("a1", False), ("nowhere", False), ("self", False)],
)
def test_an_alias_depends_on_its_own_name_alone_where_it_leads_straight_outside(
    name: str, *, depends: bool
) -> None:
    verdict = judge(f"{name}.service.consul")

    assert (verdict.key is not None) is depends


@pytest.mark.parametrize("name", ["out", "on"])
def test_it_is_said_where_an_alias_leads_outside(name: str) -> None:
    assert judge(f"{name}.service.consul").target == names.parse("www.example.org")


@pytest.mark.parametrize("name", ["web", "a1", "l1", "h0"])
def test_nothing_else_leads_outside(name: str) -> None:
    assert judge(f"{name}.service.consul").target == ()
