import pytest

from dnsroom import FOO
from registrator.model import Service
from registrator_dns import names, wire
from registrator_dns.records import Host
from registrator_dns.zone import Found, Zone
from samples import web

DOMAIN = b"\x06consul\0"
AT_2 = (names.packed("10.0.0.2"),)


def zone(*services: Service, host: Host = FOO) -> Zone:
    made = Zone(host)
    for service in services:
        made.put(service)
    return made


def places(*spellings: str) -> set[bytes]:
    return {names.wire(names.parse(spelling)) for spelling in spellings}


def find(in_zone: Zone, name: str, kind: int = wire.A) -> Found | None:
    return in_zone.find(names.parse(name), kind, DOMAIN)


def rdatas(in_zone: Zone, name: str, kind: int = wire.A) -> tuple[bytes, ...] | None:
    found = find(in_zone, name, kind)
    return None if found is None else found.rrset.rdatas


def test_what_was_put_is_found() -> None:
    filled = zone(web(address="10.0.0.2"))

    assert rdatas(filled, "web.service.dc1") == AT_2
    assert filled.services == {web().id: web(address="10.0.0.2")}


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
    filled.put(web())
    serials.append(filled.serial)
    filled.put(web(port=9))
    serials.append(filled.serial)
    filled.drop(web().id)
    serials.append(filled.serial)

    assert serials == sorted(set(serials))


def test_a_change_names_the_places_it_touches_and_no_others() -> None:
    filled = zone(web("1", name="other", address="10.0.0.9"))

    put = filled.put(web(tags=("a",)))
    moved = filled.put(web(tags=("b",), address="10.0.0.2"))

    assert put == places("web.service", "a.web.service", "1.0.0.10.in-addr.arpa")
    assert moved == put | places("b.web.service", "2.0.0.10.in-addr.arpa")


def test_an_empty_non_terminal_lasts_as_long_as_anything_below_it() -> None:
    one, two = web("1", tags=("v1.blue",)), web("2", tags=("v2.blue",))
    filled = zone(one, two)
    answers = [rdatas(filled, "blue.web.service")]
    for service in (one, two):
        filled.drop(service.id)
        answers.append(rdatas(filled, "blue.web.service"))

    assert answers == [(), (), None]


def test_nothing_is_below_an_rfc_2782_name() -> None:
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

    assert ours == Found(ours.rrset, names.wire(names.reverse(AT_2[0]))) if ours else 0
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

    found = filled.find_reverse(names.reverse(names.packed(address)), DOMAIN)

    assert (found.rrset.rdatas if found else (None,)) == (target,)


def test_no_address_is_the_nodes_where_it_is_not_known() -> None:
    filled = zone(web(), host=Host(node=(b"foo",), dc=b"dc1"))

    found = filled.find_reverse(names.reverse(names.packed("10.0.0.1")), DOMAIN)

    assert found is not None
    assert found.rrset.rdatas == (b"\x03web\x07service\x03dc1" + DOMAIN,)
