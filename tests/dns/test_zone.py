import pytest

from dnsroom import FOO, instance, zone
from registrator.model import Instance, Service
from registrator_dns import names, wire
from registrator_dns.records import Host
from registrator_dns.ttls import Ttls
from registrator_dns.zone import EVERYTHING, Found, Key, Zone
from samples import web

DOMAIN = b"\x06consul\0"
AT_2 = (names.packed("10.0.0.2"),)


def put(in_zone: Zone, service: Service, host: Host = FOO) -> set[Key]:
    return in_zone.put(service.id, instance(service, host))


def places(*spellings: str) -> set[Key]:
    return {names.parse(spelling) for spelling in spellings}


def find(in_zone: Zone, name: str, kind: int = wire.A) -> Found | None:
    return in_zone.find(names.parse(name), kind, DOMAIN)


def rdatas(in_zone: Zone, name: str, kind: int = wire.A) -> tuple[bytes, ...] | None:
    found = find(in_zone, name, kind)
    return None if found is None else found.rrset.rdatas


def test_what_was_put_is_found() -> None:
    filled = zone(web(address="10.0.0.2"))

    assert rdatas(filled, "web.service.dc1") == AT_2
    assert filled.instances == {web().id: instance(web(address="10.0.0.2"))}


def test_putting_an_id_again_replaces_its_service() -> None:
    filled = zone(web(tags=("old",)), web(name="shop", address="10.0.0.2"))

    assert rdatas(filled, "web.service") is None
    assert rdatas(filled, "old.web.service") is None
    assert rdatas(filled, "shop.service") == AT_2


def test_what_was_dropped_is_not_found_while_its_peers_are() -> None:
    filled = zone(web("1", tags=("blue",)), web("2", address="10.0.0.2"))

    filled.drop(web("1").id)

    assert rdatas(filled, "web.service") == AT_2
    assert rdatas(filled, "blue.web.service") is None


def test_dropping_what_is_not_there_changes_nothing() -> None:
    filled = zone(web())
    before = filled.serial

    assert filled.drop(web("other").id) == set()
    assert filled.serial == before


def test_every_change_moves_the_serial() -> None:
    filled = Zone(FOO, serial=7)
    serials = [filled.serial]
    put(filled, web())
    serials.append(filled.serial)
    put(filled, web(port=9))
    serials.append(filled.serial)
    filled.drop(web().id)
    serials.append(filled.serial)

    assert serials == sorted(set(serials))


def test_a_change_names_the_places_it_touches_and_no_others() -> None:
    filled = zone(web("1", name="other", address="10.0.0.9"))

    label = "here_3aweb_2e1_3a80._web._tcp"
    first = put(filled, web(tags=("a",)))
    moved = put(filled, web(tags=("b",), address="10.0.0.2"))

    assert first == places("web.service", "a.web.service", "_web._tcp", label) | {
        (b"", names.packed("10.0.0.1")),
        EVERYTHING,
    }
    assert moved == first | places("b.web.service") | {(b"", AT_2[0])}


def test_putting_what_is_shown_already_changes_nothing() -> None:
    filled = zone(web())
    before = filled.serial

    assert put(filled, web()) == set()
    assert filled.serial == before


def test_an_empty_non_terminal_lasts_as_long_as_anything_below_it() -> None:
    one, two = web("1", tags=("v1.blue",)), web("2", tags=("v2.blue",))
    filled = zone(one, two)
    answers = [rdatas(filled, "blue.web.service")]
    for service in (one, two):
        filled.drop(service.id)
        answers.append(rdatas(filled, "blue.web.service"))

    assert answers == [(), (), None]


def test_a_tag_makes_no_empty_non_terminal_of_an_rfc_2782_name() -> None:
    filled = zone(web(tags=("v1.blue",)))

    assert rdatas(filled, "blue.web.service") == ()
    assert rdatas(filled, "_web._blue") is None


@pytest.mark.parametrize("name", ["service", "node", "addr", "query", "dc1", "ns"])
def test_the_words_of_the_scheme_exist_without_any_service(name: str) -> None:
    assert rdatas(zone(host=Host(node=(b"foo",), dc=b"dc1")), name) == ()


def test_the_apex_exists() -> None:
    assert zone().find((), wire.A, DOMAIN) is not None


def test_the_name_server_has_the_addresses_it_answers_on() -> None:
    assert rdatas(zone(), "ns", wire.A) == (names.packed("127.0.0.1"),)
    assert rdatas(zone(), "ns", wire.AAAA) == (names.packed("::1"),)


def test_the_node_has_its_address() -> None:
    assert rdatas(zone(), "foo.node") == (names.packed("127.0.0.1"),)
    assert rdatas(zone(), "bar.node") is None


def test_a_node_whose_address_is_not_known_has_a_name_only() -> None:
    assert rdatas(zone(host=Host(node=(b"foo",), dc=b"dc1")), "foo.node") == ()


def test_a_node_with_dots_makes_empty_non_terminals() -> None:
    dotted = zone(host=Host(node=(b"foo", b"example", b"org"), dc=b"dc1"))

    assert rdatas(dotted, "foo.example.org.node") == ()
    assert rdatas(dotted, "example.org.node") == ()
    assert rdatas(dotted, "bar.example.org.node") is None


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("0a000002.addr", wire.A, AT_2),
        ("0a000002.addr.dc1", wire.A, AT_2),
        ("0a000002.addr", wire.AAAA, ()),
        ("0a000002.addr", wire.SRV, ()),
        (f"{'0' * 31}1.addr", wire.AAAA, (names.packed("::1"),)),
        ("0a0000.addr", wire.A, None),
        ("x.0a000002.addr", wire.A, None),
        ("addr.addr", wire.A, None),
    ],
)
def test_the_name_of_an_address_is_worked_out(
    name: str, kind: int, expected: tuple[bytes, ...] | None
) -> None:
    assert rdatas(zone(), name, kind) == expected


def test_only_addresses_of_services_are_worth_keeping() -> None:
    filled = zone(web(address="10.0.0.2"))
    ours, other = find(filled, "0a000002.addr"), find(filled, "0a000003.addr")

    assert ours is not None
    assert ours.key == (b"", AT_2[0])
    assert other is not None
    assert other.key is None


def test_what_exists_is_kept_by_its_place() -> None:
    filled = zone(web(tags=("v1.blue",)))
    found = find(filled, "_web._tcp.service")
    between = find(filled, "blue.web.service")

    assert found is not None
    assert found.key in places("web.service")
    assert between is not None
    assert between.key is None


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("127.0.0.1", b"\x03foo\x04node\x03dc1" + DOMAIN),
        ("10.0.0.2", b"\x03web\x07service\x03dc1" + DOMAIN),
        ("10.0.0.3", None),
    ],
)
def test_an_address_points_to_the_node_first_then_to_a_service(
    address: str, target: bytes | None
) -> None:
    filled = zone(web("1", address="127.0.0.1"), web("2", address="10.0.0.2"))

    found = filled.find_reverse(names.packed(address), DOMAIN)

    assert (found.rrset.rdatas if found else (None,)) == (target,)


def test_no_address_is_the_nodes_where_it_is_not_known() -> None:
    filled = zone(web(), host=Host(node=(b"foo",), dc=b"dc1"))

    found = filled.find_reverse(names.packed("10.0.0.1"), DOMAIN)

    assert found is not None
    assert found.rrset.rdatas == (b"\x03web\x07service\x03dc1" + DOMAIN,)


def on(node: str, its: str, id_: str = "1", address: str = "172.17.0.9") -> Instance:
    return Instance.of(web(id_, address=address), node=node, node_address=its)


def test_a_node_is_there_while_an_instance_of_it_is_shown() -> None:
    filled = zone(on("n1.lan", "10.0.0.2", "1"), on("n1.lan", "10.0.0.2", "2"))
    seen = [rdatas(filled, "n1.lan.node"), rdatas(filled, "lan.node.dc1")]
    for key in ("1", "2"):
        filled.drop(key)
        seen.append(rdatas(filled, "n1.lan.node"))

    assert seen == [AT_2, (), AT_2, None]


def test_a_node_has_every_address_that_its_instances_say() -> None:
    filled = zone(on("n1", "10.0.0.2", "1"), on("N1", "fd00::1", "2"))

    assert rdatas(filled, "n1.node") == AT_2
    assert rdatas(filled, "n1.node", wire.AAAA) == (names.packed("fd00::1"),)


def test_only_the_first_and_the_last_instance_change_a_node() -> None:
    filled = Zone(FOO)
    node = places("n1.node") | {(b"", AT_2[0])}
    changed = [
        node & filled.put("1", on("n1", "10.0.0.2")),
        node & filled.put("2", on("n1", "10.0.0.2")),
        node & filled.drop("1"),
        node & filled.drop("2"),
    ]

    assert changed == [node, set(), set(), node]


def test_this_host_outlasts_its_instances() -> None:
    filled = zone(on("foo", "127.0.0.1"))
    filled.drop("1")

    assert rdatas(filled, "foo.node") == (names.packed("127.0.0.1"),)


def test_the_address_of_a_node_points_to_it() -> None:
    filled = zone(on("n1", "10.0.0.2"), on("n2", "fd00::1", "2", "10.0.0.2"))
    pointers = [
        filled.find_reverse(names.packed(it), DOMAIN)
        for it in ("10.0.0.2", "fd00::1", "172.17.0.9")
    ]

    assert [it and it.rrset.rdatas[0].split(b"\x03dc1")[0] for it in pointers] == [
        b"\x02n1\x04node",
        b"\x02n2\x04node",
        b"\x03web\x07service",
    ]


def pointers(in_zone: Zone, name: str) -> list[str] | None:
    """Write out what is pointed to, without the domain."""
    found = rdatas(in_zone, name, wire.PTR)
    if found is None:
        return None
    assert all(rdata.endswith(DOMAIN) for rdata in found)
    return sorted(text(rdata.removesuffix(DOMAIN)) for rdata in found)


def text(octets: bytes) -> str:
    labels = []
    while octets:
        labels.append(octets[1 : 1 + octets[0]].decode())
        octets = octets[1 + octets[0] :]
    return ".".join(labels)


BROWSED = (
    web("a.1", port=1),
    web("a.2", port=2, address="10.0.0.2"),
    web("dns", name="dns", transport="udp"),
    web("voip", name="voip", transport="sctp"),
    web("x", name="blue.web"),
)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("_services._dns-sd._udp", ["_dns._udp", "_voip._udp", "_web._tcp"]),
        (
            "_services._dns-sd._udp.service.dc1",
            [
                "_dns._udp.service.dc1",
                "_voip._udp.service.dc1",
                "_web._tcp.service.dc1",
            ],
        ),
        ("b._dns-sd._udp", [""]),
        ("lb._dns-sd._udp.dc1", ["dc1"]),
        ("_web._tcp", ["a_2e1._web._tcp", "a_2e2._web._tcp"]),
        (
            "_web._tcp.service",
            ["a_2e1._web._tcp.service", "a_2e2._web._tcp.service"],
        ),
        ("_dns._udp.dc1", ["dns._dns._udp.dc1"]),
        ("_dns._tcp", []),
        ("_voip._udp", ["voip._voip._udp"]),
        ("_dns-sd._udp", []),
        ("_web._blue", []),
        ("_nope._tcp", None),
        ("web.service", []),
    ],
)
def test_services_can_be_browsed(name: str, targets: list[str] | None) -> None:
    assert pointers(zone(*BROWSED), name) == targets


def test_an_instance_is_found_by_its_name() -> None:
    filled = zone(*BROWSED)

    assert rdatas(filled, "a_2e2._web._tcp.dc1") == AT_2
    assert rdatas(filled, "a_2e2._web._tcp", wire.TXT) == (b"\0",)
    assert len(rdatas(filled, "a_2e2._web._tcp", wire.SRV) or ()) == 1
    assert rdatas(filled, "a_2e3._web._tcp") is None
    assert rdatas(filled, "a_2e2._web._udp") is None


def test_what_browsing_finds_comes_with_it() -> None:
    found = find(zone(*BROWSED), "_web._tcp", wire.PTR)

    assert found is not None
    assert [(text(it.owner), it.kind) for it in found.rrset.glue] == [
        ("a_2e1._web._tcp", wire.SRV),
        ("a_2e1._web._tcp", wire.TXT),
        ("a_2e2._web._tcp", wire.SRV),
        ("a_2e2._web._tcp", wire.TXT),
        ("0a000001.addr.dc1", wire.A),
        ("0a000002.addr.dc1", wire.A),
    ]


def test_what_would_not_fit_anyway_does_not_come_with_it() -> None:
    found = find(zone(*(web(str(n)) for n in range(9))), "_web._tcp", wire.PTR)

    assert found is not None
    assert len(found.rrset.rdatas) == 9
    assert found.rrset.glue == ()


def test_browsing_lists_no_more_than_it_may() -> None:
    crowd = zone(*(web(str(n)) for n in range(1200)))
    found = pointers(crowd, "_web._tcp")

    assert found is not None
    assert len(found) == 1000


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("*.service", wire.A, 3),
        ("*.service", wire.PTR, 0),
        ("*.web.service", wire.A, 1),
        ("blue.*.service", wire.A, 1),
        ("*._tcp", wire.A, 3),
        ("*._udp", wire.A, 1),
        ("*._web._tcp", wire.SRV, 2),
        ("web.service.*", wire.A, 2),
        ("*.node", wire.A, 1),
        ("*.node.*", wire.SRV, 0),
        ("*.dev", wire.A, 2),
        ("*", wire.A, None),
        ("web.*", wire.A, None),
        ("*.addr", wire.A, None),
        ("red.*.service", wire.A, None),
        ("*.*.*.service", wire.A, None),
    ],
)
def test_a_star_asks_for_all_at_once(
    name: str, kind: int, expected: int | None
) -> None:
    services = [
        web("1", tags=("blue",), image="i"),
        web("2", address="10.0.0.2", image="i", container_name="c"),
        web("3", name="dns", address="10.0.0.3", transport="udp"),
        web("4", name="shop", address="10.0.0.3"),
    ]
    found = rdatas(zone(*services, short=(b"dev",)), name, kind)

    assert (found if found is None else len(found)) == expected


def test_what_a_star_finds_depends_on_everything() -> None:
    found = find(zone(web()), "*.service")

    assert found is not None
    assert found.key == EVERYTHING


def test_what_was_not_looked_for_to_the_end_is_not_denied() -> None:
    crowd = zone(*(web(str(n), name=f"s{n}") for n in range(1001)))

    assert rdatas(crowd, "nope.*.service") == ()
    assert rdatas(crowd, "nope.s5.*") is None


def test_a_container_is_found_behind_its_image() -> None:
    filled = zone(
        web("1", image="redis", container_name="cache_1"),
        web("2", image="redis", container_name="B", address="10.0.0.2"),
        short=(b"dev", b"eu"),
    )

    assert rdatas(filled, "_42.redis.dev.eu") == AT_2
    assert [len(rdatas(filled, it) or ()) for it in ("redis.dev.eu", "dev.eu")] == [
        2,
        2,
    ]
    assert rdatas(filled, "cache_1.redis.dev.eu.dc1") == (names.packed("10.0.0.1"),)
    assert rdatas(filled, "x.cache_1.redis.dev.eu") is None
    assert rdatas(filled, "eu") == ()


@pytest.mark.parametrize(
    ("name", "kind", "ttl"),
    [
        ("web.service", wire.A, 3),
        ("blue.web.service", wire.SRV, 1),
        ("_web._tcp", wire.PTR, 3),
        ("a._web._tcp", wire.TXT, 3),
        ("*.service", wire.A, 3),
        ("foo.node", wire.A, 5),
        ("0a000001.addr", wire.A, 5),
        ("ns", wire.A, 5),
        ("_services._dns-sd._udp", wire.PTR, 5),
    ],
)
def test_a_name_has_the_ttl_of_its_services(name: str, kind: int, ttl: int) -> None:
    ttls = Ttls(default=5, exact={"web": 3, "blue.web": 1})
    services = [web("a", tags=("blue",)), web("b", name="other")]
    services += [web("c", name="blue.web")] if name.startswith("blue") else []
    found = find(zone(*services, ttls=ttls), name, kind)

    assert found is not None
    assert found.ttl == ttl


def test_a_tag_called_udp_makes_a_name_that_has_nothing_to_browse() -> None:
    filled = zone(web(name="udp.web"), web("s", name="sip", transport="sctp"))

    assert rdatas(filled, "_web._udp") == (names.packed("10.0.0.1"),)
    assert rdatas(filled, "_web._udp", wire.PTR) == ()
    assert rdatas(filled, "_sip._udp") == ()
