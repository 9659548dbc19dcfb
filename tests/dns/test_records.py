from typing import Any

import dns.rdata
import pytest
from dns.rdatatype import RdataType

from registrator.model import Instance, Service
from registrator_dns import names, records, wire
from registrator_dns.members import Member
from registrator_dns.places import Scheme
from registrator_dns.records import Glue, Host, Naming, RRset
from samples import web

HOST = Host(node=(b"here",), dc=b"dc1", address=names.packed("10.0.0.1"))
DOMAIN = b"\x06consul\0"

ONE = web("1")
TWO = web("2", address="10.0.0.2")
SIX = web("6", address="fd00::6")


def text(found: RRset) -> list[str]:
    return [
        str(dns.rdata.from_wire("IN", RdataType(found.kind), rdata, 0, len(rdata)))
        for rdata in found.rdatas
    ]


def naming(host: Host = HOST, room: int = 255) -> Naming:
    return Naming(host, Scheme(dc=host.dc, room=room), DOMAIN)


def members(*services: Service, **known: str) -> list[Member]:
    return [Member.of(each.id, Instance.of(each, **known)) for each in services]


def of(kind: int, *services: Service) -> RRset:
    return records.of_members(members(*services), kind, naming())


@pytest.mark.parametrize(
    ("kind", "services", "expected"),
    [
        (wire.A, [TWO, ONE, SIX], ["10.0.0.1", "10.0.0.2"]),
        (wire.A, [ONE, web("3", port=9)], ["10.0.0.1"]),
        (wire.A, [SIX], []),
        (wire.AAAA, [TWO, ONE, SIX], ["fd00::6"]),
        (wire.SRV, [ONE], ["1 1 8000 here.node.dc1.consul."]),
        (wire.SRV, [TWO], ["1 1 8000 0a000002.addr.dc1.consul."]),
        (wire.SRV, [SIX], [f"1 1 8000 fd{'0' * 29}6.addr.dc1.consul."]),
        (
            wire.SRV,
            [web(priority=5, weight=9, port=1), web(priority=5, weight=9, port=2)],
            ["5 9 1 here.node.dc1.consul.", "5 9 2 here.node.dc1.consul."],
        ),
        (
            wire.SRV,
            [web("2", priority=2), web("1", weight=3), web("3", weight=2)],
            ["1 2 8000 here.node.dc1.consul."],
        ),
        (wire.TXT, [ONE, TWO], ['""']),
        (wire.ANY, [ONE, SIX], ["10.0.0.1"]),
        (wire.ANY, [SIX], ["fd00::6"]),
        (wire.HTTPS, [ONE], []),
        (wire.PTR, [ONE], []),
    ],
)
def test_a_services_name_has_the_records_of_its_services(
    kind: int, services: list[Service], expected: list[str]
) -> None:
    assert text(of(kind, *services)) == expected


@pytest.mark.parametrize(
    ("kind", "addresses", "answered"),
    [(wire.ANY, [ONE], wire.A), (wire.ANY, [SIX], wire.AAAA), (15, [ONE], 15)],
)
def test_only_any_is_answered_with_another_type(
    kind: int, addresses: list[Service], answered: int
) -> None:
    assert of(kind, *addresses).kind == answered


def test_an_srv_brings_the_address_of_each_target_once() -> None:
    found = of(wire.SRV, SIX, TWO, ONE, web("3", port=9))

    assert found.glue == (
        Glue(names.wire((b"here", b"node", b"dc1")), wire.A, (b"\x0a\0\0\1",)),
        Glue(names.wire((b"0a000002", b"addr", b"dc1")), wire.A, (b"\x0a\0\0\2",)),
        Glue(
            names.wire((b"fd" + b"0" * 29 + b"6", b"addr", b"dc1")),
            wire.AAAA,
            (names.packed("fd00::6"),),
        ),
    )


def test_a_target_is_spelled_where_the_hosts_address_is_not_known() -> None:
    host = Host(node=(b"here",), dc=b"dc1")

    found = records.of_members(members(ONE), wire.SRV, naming(host))

    assert text(found) == ["1 1 8000 0a000001.addr.dc1.consul."]


@pytest.mark.parametrize(
    ("known", "target"),
    [
        ({"node": "n1", "node_address": "10.0.0.2"}, "n1.node.dc1"),
        ({"node": "N1.lan", "node_address": "10.0.0.2"}, "n1.lan.node.dc1"),
        ({"node": "n1", "node_address": "10.0.0.9"}, "0a000002.addr.dc1"),
        ({"node": "n1"}, "0a000002.addr.dc1"),
        ({"node": "a..b", "node_address": "10.0.0.2"}, "0a000002.addr.dc1"),
        ({"node": "", "node_address": "10.0.0.2"}, "0a000002.addr.dc1"),
        ({"node": "n1", "node_address": "n1.lan"}, "0a000002.addr.dc1"),
        ({"node": "x" * 60, "node_address": "10.0.0.2"}, "0a000002.addr.dc1"),
    ],
)
def test_a_target_is_the_node_where_the_address_is_the_nodes(
    known: dict[str, str], target: str
) -> None:
    found = records.of_members(members(TWO, **known), wire.SRV, naming(room=60))

    assert text(found) == [f"1 1 8000 {target}.consul."]


NAMED = web("n", address="DB.Example.org")


@pytest.mark.parametrize("kind", [wire.A, wire.AAAA, wire.CNAME, wire.HTTPS, wire.ANY])
def test_where_nobody_has_an_address_a_name_is_an_alias_of_the_first_host(
    kind: int,
) -> None:
    found = of(kind, web("o", address="www.example.org"), NAMED)

    assert (found.kind, text(found)) == (wire.CNAME, ["db.example.org."])


def test_with_an_address_there_is_no_alias() -> None:
    assert text(of(wire.A, NAMED, TWO)) == ["10.0.0.2"]
    assert text(of(wire.AAAA, NAMED, TWO)) == []


def test_a_host_that_is_called_by_its_name_is_a_target_without_glue() -> None:
    found = of(wire.SRV, NAMED, TWO)

    assert text(found) == [
        "1 1 8000 db.example.org.",
        "1 1 8000 0a000002.addr.dc1.consul.",
    ]
    assert [glue.rdatas for glue in found.glue] == [(b"\x0a\0\0\2",)]


def test_an_instance_without_a_port_has_no_srv() -> None:
    assert text(of(wire.SRV, web(port=0))) == []
    assert text(of(wire.A, web(port=0))) == ["10.0.0.1"]


def test_a_name_has_glue_of_both_families() -> None:
    both = records.glue(b"\2ns", [names.packed("::1"), names.packed("127.0.0.1")])

    assert [each.kind for each in both] == [wire.A, wire.AAAA]


def test_a_name_without_addresses_has_no_glue() -> None:
    assert records.glue(b"\2ns", []) == ()


def test_an_address_points_to_its_first_service_by_name() -> None:
    services = [web("1", name="web"), web("2", name="Shop"), web("3", name="tea")]

    found = records.of_reverse(b"\x0a\0\0\2", members(*services), naming())

    assert text(found) == ["shop.service.dc1.consul."]


def test_an_address_points_to_a_node_before_any_service() -> None:
    address = names.packed("10.0.0.2")
    nodes = [Member.of_node(name, address) for name in ("n2", "n1", "a..b")]

    found = records.of_reverse(address, [*members(TWO), *nodes], naming())

    assert text(found) == ["n1.node.dc1.consul."]


def test_this_hosts_address_points_to_it_before_any_other_node() -> None:
    other = Member.of_node("a", HOST.address)

    found = records.of_reverse(HOST.address, [other], naming())

    assert text(found) == ["here.node.dc1.consul."]


@pytest.mark.parametrize(
    ("changes", "strings"),
    [
        ({}, []),
        ({"metadata": {"b": "2", "a": "1", "c": ""}}, [b"a=1", b"b=2", b"c="]),
        ({"metadata": {"a": "b=c"}}, [b"a=b=c"]),
        ({"metadata": {"k": "x" * 254, "n": "1"}}, [b"n=1"]),
        ({"metadata": {"k": "x" * 253}}, [b"k=" + b"x" * 253]),
        ({"tags": ("x", "a")}, [b"tags=x,a"]),
        ({"tags": ("x,y", "z")}, [b"tags=x\\,y,z"]),
        ({"tags": ("b\xfcro",)}, [b"tags=b\xc3\xbcro"]),
        ({"tags": ("x",), "metadata": {"a": "1"}}, [b"a=1", b"tags=x"]),
        ({"tags": ("a" * 250,)}, [b"tags=" + b"a" * 250]),
        ({"tags": ("a" * 251,)}, [b"tags="]),
        ({"tags": ("a", "b" * 250, "c")}, [b"tags=a,c"]),
        ({"tags": ("a" * 249, "b")}, [b"tags=" + b"a" * 249]),
        ({"tags": ("a" * 248, "b")}, [b"tags=" + b"a" * 248 + b",b"]),
        ({"tags": ("",)}, [b"tags="]),
        ({"tags": ("", "")}, [b"tags=,"]),
        ({"tags": ("a=", "b")}, [b"tags=a=,b"]),
    ],
)
def test_metadata_and_tags_become_strings(
    changes: dict[str, Any], strings: list[bytes]
) -> None:
    assert list(records.strings(Instance.of(web(**changes)))) == strings


def test_services_that_say_the_same_share_one_txt() -> None:
    one, two, three = (web(str(n), metadata={"v": str(n % 2)}) for n in range(3))

    assert text(of(wire.TXT, one, two, three)) == ['"v=0"', '"v=1"']
