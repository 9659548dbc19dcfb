import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator_dns.forward.options import Forwarding, read
from upstreams import options_with


def given_as(**pairs: str) -> Forwarding:
    mistakes: list[str] = []
    options = read(options_with(**pairs), mistakes)
    assert mistakes == []
    return options


def mistakes_in(**pairs: str) -> list[str]:
    mistakes: list[str] = []
    read(options_with(**pairs), mistakes)
    return mistakes


def test_nothing_is_forwarded_unless_it_is_asked_for() -> None:
    options = given_as()

    assert not options.is_on
    assert options.cache == 10_000


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("10.0.0.2", (("10.0.0.2", 53),)),
        (
            "10.0.0.2:5353,[::1],[fd00::1]:54",
            (
                ("10.0.0.2", 5353),
                ("::1", 53),
                ("fd00::1", 54),
            ),
        ),
    ],
)
def test_upstreams_are_addresses_with_ports(
    text: str, places: tuple[tuple[str, int], ...]
) -> None:
    options = given_as(upstream=text)

    assert options.is_on
    assert options.upstreams == places
    assert not options.resolv_conf


def test_upstreams_can_be_the_hosts() -> None:
    options = given_as(upstream="resolv.conf")

    assert options.is_on
    assert options.resolv_conf
    assert options.upstreams == ()


def test_a_zone_can_have_upstreams_of_its_own() -> None:
    options = given_as(
        zone_upstream="Corp.Example.=10.0.0.2,10.0.0.3:5353;16.172.in-addr.arpa=[::2]"
    )

    assert options.is_on
    assert options.zones == {
        (b"corp", b"example"): (("10.0.0.2", 53), ("10.0.0.3", 5353)),
        (b"16", b"172", b"in-addr", b"arpa"): (("::2", 53),),
    }


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("127.0.0.1", True),
        ("10.255.0.1", True),
        ("172.31.0.1", True),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("fd12::1", True),
        ("fe80::1", True),
        ("172.32.0.1", False),
        ("100.64.0.1", False),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
    ],
)
def test_loopback_and_private_networks_may_recurse(
    address: str, is_allowed: bool
) -> None:
    client = ipaddress.ip_address(address)

    assert any(client in network for network in given_as().allow) is is_allowed


@pytest.mark.parametrize(
    ("pairs", "mistake"),
    [
        ({"upstream": "ns.example.org"}, "'ns.example.org' is not an IP address"),
        ({"upstream": "10.0.0.2:"}, "'10.0.0.2:' is not address:port"),
        ({"upstream": "::1"}, "(IPv6 stands in brackets)"),
        ({"upstream": "[10.0.0.2]"}, "an IPv6 address, and no other, stands in"),
        ({"upstream": "10.0.0.2,"}, "upstream '' is not address:port"),
        ({"upstream": "10.0.0.2:0"}, "a port is from 1 to 65535"),
        ({"upstream": "10.0.0.2:65536"}, "a port is from 1 to 65535"),
        ({"upstream": "10.0.0.2,10.0.0.2:53"}, "given twice"),
        ({"upstream": "0.0.0.0"}, "this is not the address of one server"),
        ({"upstream": "[ff02::1]"}, "this is not the address of one server"),
        ({"upstream": "[fe80::1%eth0]"}, "can only be had from resolv.conf"),
        ({"upstream": "resolv.conf,10.0.0.2"}, "'resolv.conf' is not an IP address"),
        ({"zone-upstream": "corp"}, "'corp' is not zone=address,address"),
        ({"zone-upstream": "a..b=10.0.0.2"}, "does not split into labels"),
        ({"zone-upstream": "a=10.0.0.2;A.=10.0.0.3"}, "'A.' is given twice"),
        ({"zone-upstream": "a="}, "zone-upstream '' is not address:port"),
        ({"zone-upstream": "a=b"}, "zone-upstream 'b': 'b' is not an IP address"),
        ({"allow": "10.0.0.1/8"}, "allow: 10.0.0.1/8 has host bits set"),
        ({"allow": ""}, "allow: '' does not appear to be"),
        ({"allow": "0.0.0.0/0"}, "an open resolver serves attacks on others"),
        ({"allow": "0.0.0.0/1,128.0.0.0/1"}, "has every address in it"),
        ({"allow": "::/0"}, "has every address in it"),
        ({"cache": "-1"}, "cache '-1' is not a number of answers up to 1000000"),
        ({"cache": "1000001"}, "is not a number of answers"),
        ({"cache": "\xb2"}, "is not a number of answers"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(pairs: dict[str, str], mistake: str) -> None:
    (told,) = mistakes_in(**pairs)

    assert mistake in told


def test_all_mistakes_are_told_at_once() -> None:
    told = mistakes_in(upstream="x,y", zone_upstream="a;b", allow="c,d", cache="e")

    assert len(told) == 7


@given(*[st.text(max_size=40)] * 4)
def test_any_text_is_read_or_is_a_mistake(
    upstream: str, zone_upstream: str, allow: str, cache: str
) -> None:
    mistakes_in(
        upstream=upstream, zone_upstream=zone_upstream, allow=allow, cache=cache
    )
