from typing import Any

import pytest

from registrator_dns.names import parse, wire
from registrator_dns.places import asked, ends_as_pair, shown
from samples import web


def places(*names: str) -> set[bytes]:
    return {wire(parse(name)) for name in names}


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
        ("a._db._tcp.service", "a._db._tcp.service"),
        ("_db", "_db"),
        ("service.service", "service.service"),
        ("dc1.service.dc1", "dc1.service"),
    ],
)
def test_every_spelling_means_one_place(spelling: str, place: str) -> None:
    labels, _ = asked(parse(spelling), b"dc1")

    assert labels == parse(place)


def test_the_apex_is_a_place() -> None:
    assert asked((), b"dc1") == ((), False)


def test_bare_underscores_mean_no_service() -> None:
    assert asked((b"_", b"_tcp"), b"dc1") == ((b"", b"service"), True)


@pytest.mark.parametrize(
    ("spelling", "is_pair"),
    [("_db._tcp", True), ("_db._udp", True), ("_db._a.service", True), ("_db", False)],
)
def test_an_rfc_2782_name_is_told_from_others(spelling: str, *, is_pair: bool) -> None:
    assert asked(parse(spelling), b"dc1")[1] == is_pair


@pytest.mark.parametrize(
    ("changes", "owners", "between"),
    [
        ({}, ["web.service"], ["_tcp", "_tcp.service"]),
        (
            {"transport": "udp"},
            ["web.service", "_web._udp"],
            ["_tcp", "_tcp.service", "_udp", "_udp.service"],
        ),
        (
            {"tags": ("Blue",)},
            ["web.service", "blue.web.service"],
            ["_tcp", "_tcp.service", "_blue", "_blue.service"],
        ),
        (
            {"tags": ("udp",)},
            ["web.service", "udp.web.service", "_web._udp"],
            ["_tcp", "_tcp.service", "_udp", "_udp.service"],
        ),
        (
            {"tags": ("v1.blue",)},
            ["web.service", "v1.blue.web.service"],
            ["blue.web.service", "_tcp", "_tcp.service"],
        ),
        (
            {"tags": ("blue", "v1.blue")},
            ["web.service", "blue.web.service", "v1.blue.web.service"],
            ["_tcp", "_tcp.service", "_blue", "_blue.service"],
        ),
        (
            {"name": "blue.web"},
            ["blue.web.service"],
            ["web.service", "_blue", "_blue.service"],
        ),
        (
            {"name": "v1.blue.web"},
            ["v1.blue.web.service"],
            ["blue.web.service", "web.service"],
        ),
        ({"name": "x" * 63}, ["x" * 63 + ".service"], []),
        (
            {"tags": ("x" * 63,)},
            ["web.service", "x" * 63 + ".web.service"],
            ["_tcp", "_tcp.service"],
        ),
        (
            {"tags": ("", "a..b", "x" * 64, "\ud800")},
            ["web.service"],
            ["_tcp", "_tcp.service"],
        ),
        (
            {"name": "_web", "tags": ("_a",)},
            ["_web.service"],
            ["_tcp", "_tcp.service"],
        ),
    ],
)
def test_a_service_is_shown_under_its_name_and_its_tags(
    changes: dict[str, Any], owners: list[str], between: list[str]
) -> None:
    assert shown(web(**changes)) == (places(*owners), places(*between))


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
