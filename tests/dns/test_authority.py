import pytest

from dnsroom import FOO, query
from registrator_dns import names, wire
from registrator_dns.authority import Authority, Verdict
from registrator_dns.query import read
from registrator_dns.zone import Zone
from samples import web

CONSUL = (b"consul",)
PLACE = "2.0.0.127.in-addr.arpa"


def judge(name: str, kind: str = "A", cls: str = "IN") -> Verdict:
    zone = Zone(FOO, serial=5)
    zone.put(web(address="127.0.0.2"))
    return Authority(zone, CONSUL, 7).judge(read(query(name, kind, cls)))


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
    assert verdict.key == b"\x03web\x07service"


@pytest.mark.parametrize("name", ["shop.service.consul", "x.web.service.consul"])
def test_a_name_that_is_not_there_is_denied_by_the_domain(name: str) -> None:
    assert judge(name) == Verdict(wire.NXDOMAIN, CONSUL)


@pytest.mark.parametrize(("name", "apex"), [("consul", "consul"), (PLACE, PLACE)])
def test_every_apex_has_a_soa_and_a_name_server(name: str, apex: str) -> None:
    soa, ns = judge(name, "SOA"), judge(name, "NS")

    assert soa.apex == ns.apex == names.parse(apex)
    assert soa.rrset is not None
    assert soa.rrset.rdatas == (wire.soa(b"\x06consul\0", 6, 7),)
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
    authority = Authority(zone, CONSUL, 0)
    before = authority.soa()
    zone.put(web())

    assert before == wire.soa(b"\x06consul\0", 5, 0)
    assert authority.soa() == wire.soa(b"\x06consul\0", 6, 0)
