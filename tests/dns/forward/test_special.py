import dns.message
import dns.rcode
import pytest

from dnsroom import data, query
from registrator_dns.forward.delivery import Client, deliver
from registrator_dns.forward.special import special
from registrator_dns.query import read


def said(name: str, kind: str = "A") -> dns.message.Message | None:
    packet = query(name, kind)
    asked = read(packet)
    response = special(asked)
    if response is None:
        return None
    client = Client.of(asked, packet, udp=True)
    return dns.message.from_wire(deliver(response, 0, client))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("www.example.org", "A"),
        ("example.org", "SOA"),
        ("localhost.example.org", "A"),
        ("test.example", "A"),
        ("4.4.8.8.in-addr.arpa", "PTR"),
        ("1.32.172.in-addr.arpa", "PTR"),
        ("63.100.in-addr.arpa", "PTR"),
        ("1.0.0.2.ip6.arpa", "PTR"),
        ("172.in-addr.arpa", "NS"),
        ("in-addr.arpa", "NS"),
        (".", "NS"),
        ("org", "DS"),
        ("org", "DNSKEY"),
    ],
)
def test_public_names_are_asked_elsewhere(name: str, kind: str) -> None:
    assert said(name, kind) is None


@pytest.mark.parametrize(
    ("name", "apex"),
    [
        ("printer.local", "local"),
        ("a.b.LOCAL", "local"),
        ("x.invalid", "invalid"),
        ("x.test", "test"),
        ("x.onion", "onion"),
        ("x.alt", "alt"),
        ("x.home.arpa", "home.arpa"),
        ("1.2.3.10.in-addr.arpa", "10.in-addr.arpa"),
        ("x.1.2.3.10.in-addr.arpa", "10.in-addr.arpa"),
        ("9.0.17.172.in-addr.arpa", "17.172.in-addr.arpa"),
        ("9.0.168.192.in-addr.arpa", "168.192.in-addr.arpa"),
        ("9.0.127.100.in-addr.arpa", "127.100.in-addr.arpa"),
        (".".join(["0"] * 30) + ".0.0.d.f.ip6.arpa", "d.f.ip6.arpa"),
        (".".join(["0"] * 29) + ".b.e.f.ip6.arpa", "b.e.f.ip6.arpa"),
    ],
)
def test_a_name_that_nobody_is_asked_for_is_denied(name: str, apex: str) -> None:
    answer = said(name)

    assert answer is not None
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority[0].name.to_text().lower() == f"{apex}."
    assert answer.authority[0].ttl == 10_800


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("local", "SOA"),
        ("home.arpa", "NS"),
        ("localhost", "MX"),
        ("x.localhost", "TXT"),
        ("10.in-addr.arpa", "SOA"),
        ("17.172.in-addr.arpa", "NS"),
        ("0.17.172.in-addr.arpa", "A"),
        ("0.0.0.d.f.ip6.arpa", "A"),
    ],
)
def test_what_may_have_something_below_it_is_not_denied(name: str, kind: str) -> None:
    answer = said(name, kind)

    assert answer is not None
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer
    assert len(answer.authority) == 1


@pytest.mark.parametrize("kind", ["A", "AAAA", "SRV", "NS"])
def test_a_single_label_is_denied_to_whoever_asks_but_for_nobody_to_keep(
    kind: str,
) -> None:
    answer = said("db", kind)

    assert answer is not None
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert not answer.authority


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "a.localhost"])
@pytest.mark.parametrize(("kind", "address"), [("A", "127.0.0.1"), ("AAAA", "::1")])
def test_localhost_is_the_host_itself(name: str, kind: str, address: str) -> None:
    answer = said(name, kind)

    assert answer is not None
    assert data(answer) == [address]
