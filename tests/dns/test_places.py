from typing import Any

import pytest

from registrator.model import Instance
from registrator_dns.members import Member
from registrator_dns.names import Labels, parse
from registrator_dns.places import MOST_TAGS, Asked, Scheme, asked, ends_as_pair, shown
from samples import web

SCHEME = Scheme(dc=b"dc1", short=(b"dev",))


def places(*names: str) -> set[Labels]:
    return {parse(name) for name in names}


def member(**changes: Any) -> Member:
    known = {
        key: changes.pop(key) for key in ("node", "node_address") if key in changes
    }
    return Member.of("key", Instance.of(web("a", **changes), **known))


@pytest.mark.parametrize(
    ("spelling", "place"),
    [
        ("db.service", "db.service"),
        ("db.service.dc1", "db.service"),
        ("_db._tcp", "db.service"),
        ("_db._tcp.dc1", "db.service"),
        ("_db._tcp.service", "db.service"),
        ("_db._tcp.service.dc1", "db.service"),
        ("master.db.service", "master.db.service"),
        ("_db._master", "master.db.service"),
        ("_db._master.service.dc1", "master.db.service"),
        ("_db._udp", "_db._udp"),
        ("_db._udp.service.dc1", "_db._udp"),
        ("v1.master.db.service.dc1", "v1.master.db.service"),
        ("foo.node.dc1", "foo.node"),
        ("7f000001.addr.dc1", "7f000001.addr"),
        ("x.query.dc1", "x.query"),
        ("service.dc1", "service"),
        ("_tcp.dc1", "_tcp"),
        ("_tcp.service.dc1", "_tcp.service"),
        ("dc1", "dc1"),
        ("dc1.dc1", "dc1.dc1"),
        ("ns", "ns"),
        ("ns.dc1", "ns.dc1"),
        ("db.service.dc2", "db.service.dc2"),
        ("a._db._tcp.service", "a._db._tcp"),
        ("_db", "_db"),
        ("service.service", "service.service"),
        ("dc1.service.dc1", "dc1.service"),
        ("a._db._tcp", "a._db._tcp"),
        ("a._db._tcp.dc1", "a._db._tcp"),
        ("a._db._udp.service.dc1", "a._db._udp"),
        ("b._dns-sd._udp.dc1", "b._dns-sd._udp"),
        ("x.a._db._tcp.service", "x.a._db._tcp.service"),
        ("web.dev.dc1", "web.dev"),
        ("web.test.dc1", "web.test.dc1"),
        ("db.service.*", "db.service"),
        ("*.db.service", "*.db.service"),
        ("*._tcp", "*.service"),
        ("*._tcp.service.*", "*.service"),
        ("*._udp", "*._udp"),
        ("*._master.service", "master.*.service"),
        ("*._db._tcp", "*._db._tcp"),
        ("a.*._tcp.dc1", "a.*._tcp"),
        ("_db.*", "_db"),
        ("*.*", "*.*"),
    ],
)
def test_every_spelling_means_one_place(spelling: str, place: str) -> None:
    assert asked(parse(spelling), SCHEME).place == parse(place)


def test_the_apex_is_a_place() -> None:
    assert asked((), SCHEME) == Asked(())


def test_bare_underscores_mean_no_service() -> None:
    assert asked((b"_", b"_tcp"), SCHEME).place == (b"", b"service")


@pytest.mark.parametrize(
    ("spelling", "is_pair"),
    [
        ("_db._tcp", True),
        ("_db._udp", True),
        ("_db._a.service", True),
        ("_db", False),
        ("a._db._tcp", False),
    ],
)
def test_an_rfc_2782_name_is_told_from_others(spelling: str, *, is_pair: bool) -> None:
    assert asked(parse(spelling), SCHEME).is_pair == is_pair


@pytest.mark.parametrize(
    ("spelling", "type_"),
    [
        ("_db._tcp.service.dc1", (b"_db", b"_tcp")),
        ("_db._udp", (b"_db", b"_udp")),
        ("_db._master", ()),
        ("a._db._tcp", ()),
        ("db.service", ()),
    ],
)
def test_types_can_be_browsed(spelling: str, type_: Labels) -> None:
    assert asked(parse(spelling), SCHEME).type == type_


@pytest.mark.parametrize(
    ("changes", "expected", "protos"),
    [
        ({}, ["web.service", "a._web._tcp"], ["_tcp"]),
        (
            {"transport": "udp"},
            ["web.service", "_web._udp", "a._web._udp"],
            ["_tcp", "_udp"],
        ),
        ({"transport": "sctp"}, ["web.service", "a._web._udp"], ["_tcp"]),
        (
            {"tags": ("Blue",)},
            ["web.service", "blue.web.service", "a._web._tcp"],
            ["_tcp", "_blue"],
        ),
        (
            {"tags": ("udp",)},
            ["web.service", "udp.web.service", "_web._udp", "a._web._tcp"],
            ["_tcp", "_udp"],
        ),
        (
            {"tags": ("v1.blue",)},
            ["web.service", "v1.blue.web.service", "a._web._tcp"],
            ["_tcp"],
        ),
        ({"name": "blue.web"}, ["blue.web.service"], ["_blue"]),
        ({"name": "v1.blue.web"}, ["v1.blue.web.service"], []),
        ({"name": "x" * 63}, ["x" * 63 + ".service"], []),
        (
            {"tags": ("x" * 63,)},
            ["web.service", "x" * 63 + ".web.service", "a._web._tcp"],
            ["_tcp"],
        ),
        (
            {"tags": ("", "a..b", "x" * 64, "\ud800")},
            ["web.service", "a._web._tcp"],
            ["_tcp"],
        ),
        (
            {"name": "_web", "tags": ("_a",)},
            ["_web.service", "a.__web._tcp"],
            ["_tcp"],
        ),
        (
            {"name": "dns-sd", "transport": "udp"},
            ["dns-sd.service", "_dns-sd._udp"],
            ["_tcp", "_udp"],
        ),
        (
            {"image": "Web", "container_name": "web.1"},
            [
                "web.service",
                "a._web._tcp",
                "web_2e1._57eb.dev",
                "_57eb.dev",
                "dev",
            ],
            ["_tcp"],
        ),
        (
            {"image": "", "container_name": "web.1"},
            ["web.service", "a._web._tcp"],
            ["_tcp"],
        ),
    ],
)
def test_an_instance_is_shown_under_its_names(
    changes: dict[str, Any], expected: list[str], protos: list[str]
) -> None:
    found = shown(member(**changes), SCHEME)

    assert found.places == places(*expected)
    assert found.protos == {proto.encode() for proto in protos}


def test_of_many_tags_the_first_have_names() -> None:
    tags = tuple(f"t{number}" for number in range(MOST_TAGS + 1))

    found = shown(member(tags=tags), SCHEME)

    assert parse(f"t{MOST_TAGS - 1}.web.service") in found.places
    assert parse(f"t{MOST_TAGS}.web.service") not in found.places


def test_without_the_option_there_are_no_short_names() -> None:
    found = shown(member(image="web"), Scheme(dc=b"dc1"))

    assert found.places == places("web.service", "a._web._tcp")


@pytest.mark.parametrize(
    ("known", "node"),
    [
        ({"node": "Foo.lan", "node_address": "10.0.0.1"}, parse("foo.lan.node")),
        ({"node": "foo", "node_address": ""}, ()),
        ({"node": "foo", "node_address": "foo.lan"}, ()),
        ({"node": "", "node_address": "10.0.0.1"}, ()),
        ({"node": "a..b", "node_address": "10.0.0.1"}, ()),
        ({"node": "x" * 26, "node_address": "10.0.0.1"}, ()),
    ],
)
def test_a_node_has_a_name_where_name_and_address_are_known(
    known: dict[str, str], node: Labels
) -> None:
    assert shown(member(**known), Scheme(dc=b"dc1", room=30)).node == node


@pytest.mark.parametrize(("room", "type_"), [(20, (b"_web", b"_tcp")), (19, ())])
def test_what_would_not_fit_in_an_answer_cannot_be_browsed(
    room: int, type_: Labels
) -> None:
    assert shown(member(), Scheme(dc=b"dc1", room=room)).type == type_


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_a._b", True),
        ("x._a._b", True),
        ("_a.b", False),
        ("a._b", False),
        ("_a", False),
    ],
)
def test_two_underscored_labels_read_as_a_pair(name: str, *, expected: bool) -> None:
    assert ends_as_pair(parse(name)) == expected
