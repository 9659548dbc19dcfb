from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registrator.errors import ConfigError
from registrator.fitness import Status
from registrator_dns.clients import options as limits
from registrator_dns.forward.options import NAMES, read
from registrator_dns.lasting import Lasting
from registrator_dns.options import Options, read_options
from registrator_dns.reply import Order
from registrator_dns.ttls import Ttls

DEFAULT = Options(
    listen=(("127.0.0.1", 8600),),
    domains=((b"consul",),),
    dc=b"dc1",
    ttls=Ttls(),
    negative_ttl=0,
    shown=frozenset({Status.PASSING}),
    order=Order.ROTATE,
    limit=0,
    short=(),
    lasting=Lasting(),
    forwarding=read(NAMES, []),
    limits=limits.read(limits.NAMES, []),
)


def options(**changes: Any) -> Options:
    return replace(DEFAULT, **changes)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("dns://", DEFAULT),
        ("dns:///", DEFAULT),
        ("dns://127.0.0.1", DEFAULT),
        ("dns://127.0.0.1:8600/consul.?dc=dc1&ttl=0", DEFAULT),
        ("dns://10.0.0.1:53", options(listen=(("10.0.0.1", 53),))),
        ("dns://:0", options(listen=(("127.0.0.1", 0),))),
        ("dns://[::1]", options(listen=(("::1", 8600),))),
        (
            "dns://127.0.0.1:8600,[::1]:53,:54/consul",
            options(listen=(("127.0.0.1", 8600), ("::1", 53), ("127.0.0.1", 54))),
        ),
        ("dns:///Svc.Example.org", options(domains=((b"svc", b"example", b"org"),))),
        ("dns:///a,b.C.", options(domains=((b"a",), (b"b", b"c")))),
        ("dns:///a,b.a", options(domains=((b"a",), (b"b", b"a")))),
        ("dns://?dc=Rack-2", options(dc=b"rack-2")),
        (
            "dns://?ttl=2147483647",
            options(ttls=Ttls(default=2**31 - 1), negative_ttl=2**31 - 1),
        ),
        (
            "dns://?ttl=db:10,*:5",
            options(ttls=Ttls(default=5, exact={"db": 10}), negative_ttl=5),
        ),
        ("dns://?ttl=7&negative-ttl=0", options(ttls=Ttls(default=7))),
        ("dns://?negative-ttl=3", options(negative_ttl=3)),
        ("dns://?only=passing", DEFAULT),
        (
            "dns://?only=warning",
            options(shown=frozenset({Status.PASSING, Status.WARNING})),
        ),
        ("dns://?order=shuffle", options(order=Order.SHUFFLE)),
        ("dns://?order=fixed&limit=3", options(order=Order.FIXED, limit=3)),
        ("dns://?short=Dev.eu", options(short=(b"dev", b"eu"))),
    ],
)
def test_a_uri_says_where_for_what_and_how(uri: str, expected: Options) -> None:
    assert read_options(uri) == expected


def test_the_uri_is_shown_in_full() -> None:
    shown = read_options("dns://:5,[::1]/consul,b.c?ttl=1").uri

    assert shown == "dns://127.0.0.1:5,[::1]:8600/consul,b.c"


def test_the_longest_domain_leaves_the_least_room() -> None:
    suffix = read_options("dns:///b,consul?dc=x").suffix

    assert suffix == len(b"\x01x\x06consul\0")


@pytest.mark.parametrize(
    ("uri", "mistake"),
    [
        ("dns:127.0.0.1:53", "write dns://address:port/domain"),
        ("dns://localhost", "'localhost': 'localhost' is not an IP address"),
        ("dns://[127.0.0.1]", "'[127.0.0.1]': '127.0.0.1' is not an IP address"),
        ("dns://[fe80::1%lo]", "'[fe80::1%lo]': 'fe80::1%lo' is not an IP address"),
        ("dns://1.2.3.4\0", r"'1.2.3.4\x00' is not an IP address"),
        ("dns://::1:53", "'::1:53' is not address:port (IPv6 stands in brackets)"),
        ("dns://[]", "'[]' is not address:port"),
        ("dns://127.0.0.1:", "'127.0.0.1:' is not address:port"),
        ("dns://127.0.0.1:dns", "'127.0.0.1:dns' is not address:port"),
        ("dns://127.0.0.1,", "'' is not address:port"),
        ("dns://:65536", "':65536': a port is at most 65535"),
        ("dns://:53,127.0.0.1:53", "'127.0.0.1:53' is given twice"),
        ("dns:///a..b", "domain 'a..b' is not made of labels of a-z, 0-9, - and _"),
        ("dns:///a/b", "domain 'a/b' is not made of labels"),
        ("dns:///b\xfcro", "domain 'b\xfcro' is not made of labels"),
        ("dns:///" + "x" * 64, "is not made of labels"),
        ("dns:///10.in-addr.ARPA", "belongs to the names of addresses"),
        ("dns:///" + ".".join(["x" * 30] * 3), "is longer than 90 octets"),
        ("dns://?dc=a.b", "dc 'a.b' is not one label of a-z, 0-9, - and _"),
        ("dns://?dc=", "dc '' is not one label"),
        ("dns://?dc=_tcp", "dc '_tcp' is not one label"),
        ("dns://?dc=%C3%BC", "dc '\xfc' is not one label"),
        ("dns://?dc=Node", "dc 'Node' already means something in a name"),
        ("dns://?ttl=-1", "ttl '-1' is not a number of seconds up to 2147483647"),
        ("dns://?ttl=1.5", "ttl '1.5' is not a number"),
        ("dns://?ttl=\xb2", "ttl '\xb2' is not a number"),
        ("dns://?ttl=2147483648", "ttl '2147483648' is not a number"),
        ("dns://?ttl=" + "9" * 11, "is not a number"),
        ("dns://?tll=1", "unknown option 'tll' (known: dc, ttl, "),
        ("dns://?idle=0", "idle '0' is not a number from 1 to 86400"),
        ("dns://?negative-ttl=x", "negative-ttl 'x' is not a number of seconds"),
        ("dns://?only=critical", "only 'critical' is neither passing nor warning"),
        ("dns://?order=random", "order 'random' is none of rotate, shuffle, fixed"),
        ("dns://?limit=-1", "limit '-1' is not a number of addresses, or 0 for all"),
        ("dns://?limit=999999", "limit '999999' is not a number"),
        ("dns://?short=a..b", "short 'a..b' is not made of labels of a-z, 0-9, -"),
        ("dns://?short=x._tcp", "short 'x._tcp' is not made of labels"),
        ("dns://?short=%C3%BC", "short '\xfc' is not made of labels"),
        ("dns://?short=a.Service", "short 'a.Service' already means something"),
        ("dns://?short=dc1", "short 'dc1' already means something in a name"),
        ("dns:///a,b,A", "domain 'a,b,A' is given twice"),
        ("dns:///a,", "domain '' is not made of labels"),
        ("dns://?ttl=1&ttl=2", "an option is given twice"),
        ("dns://#x", "'#x' is not an IP address"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(uri: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as told:
        read_options(uri)

    (problem,) = told.value.problems
    assert problem.startswith("dns: ")
    assert mistake in problem


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        read_options("dns://x:99999,,[y]/a..b?dc=_&ttl=z&x=&x=")

    assert len(told.value.problems) == 9


def test_what_may_be_a_password_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as told:
        read_options("dns://me:secret@127.0.0.1")

    assert told.value.problems == ("dns: the address takes no user",)


def test_every_option_is_in_the_documentation() -> None:
    docs = Path(__file__).parents[2] / "docs"
    pages = [docs / "backends/dns.md", *(docs / "dns").glob("*.md")]
    text = "".join(page.read_text() for page in pages)
    with pytest.raises(ConfigError) as told:
        read_options("dns://?what=")
    (problem,) = told.value.problems
    options = problem.partition("(known: ")[2].rstrip(")").split(", ")

    assert len(options) > 5
    assert [each for each in options if f"| `{each}` |" not in text] == []
