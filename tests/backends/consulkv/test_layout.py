from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.errors import Rejected
from registrator.model import ServiceId
from registrator_backends.consulkv.layout import Layout
from samples import web

LAYOUT = Layout(prefix="services", index="registrator", node="here")
TEXT = st.text(max_size=30)


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        ("services", "services/web/here:web.1:80"),
        ("a/b", "a/b/web/here:web.1:80"),
        ("", "web/here:web.1:80"),
    ],
)
def test_a_key_is_what_the_anchor_would_write(prefix: str, key: str) -> None:
    assert Layout(prefix=prefix, index="i", node="here").key(web()) == key


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "\x00"])
def test_a_name_that_is_no_part_of_a_key_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match="cannot be a part of a key"):
        LAYOUT.key(web(name=name))


@pytest.mark.parametrize(
    "id_", ["", "..", "a//b", "/a", "a/", "a/./b", "a\x7fb", "\ud800"]
)
def test_an_id_that_no_url_can_hold_is_refused(id_: str) -> None:
    with pytest.raises(Rejected, match="cannot stand in the path of a URL"):
        LAYOUT.key(web(id_))


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(Rejected, match="longer than 1024 octets"):
        LAYOUT.key(web("ü" * 600))


def test_a_key_in_the_index_is_refused() -> None:
    layout = Layout(prefix="", index="registrator", node="here")

    with pytest.raises(Rejected, match="lies in the index"):
        layout.key(web(name="registrator"))


@given(name=TEXT, id_=TEXT, prefix=st.sampled_from(["", "services", "a/b"]))
def test_name_and_id_come_back_from_every_key(name: str, id_: str, prefix: str) -> None:
    layout = Layout(prefix=prefix, index="registrator", node="here")
    try:
        key = layout.key(web(id_, name=name))
    except Rejected:
        return

    assert layout.identify(key) == (name, id_)
    place = layout.index_key(ServiceId(id_))
    assert layout.indexed(place, key.encode()) == (id_, key)


def test_no_two_nodes_or_prefixes_share_an_index() -> None:
    nodes = ["here", "here/x", "here%2Fx", ".", "..", "%2E", "-"]
    prefixes = ["", "a", "a/b", "a%2Fb"]
    trees = [
        Layout(prefix=prefix, index="i", node=node).index_tree
        for node in nodes
        for prefix in prefixes
    ]

    assert not [
        (one, other)
        for one, other in combinations(trees, 2)
        if one.startswith(other) or other.startswith(one)
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("registrator/here/services%2F/w", b"services/web/other"),
        ("registrator/here/services%2F/w", b"elsewhere/web/w"),
        ("registrator/here/services%2F/w", b"services/w"),
        ("registrator/here/services%2F/w", b"\xff"),
        ("registrator/here/services%2F/w", b""),
        ("registrator/here/services%2F/%77", b"services/web/w"),
        ("registrator/here/services%2F/", b"services/web/"),
    ],
)
def test_an_index_that_makes_no_sense_names_nothing(key: str, value: bytes) -> None:
    assert LAYOUT.indexed(key, value) is None


@pytest.mark.parametrize(
    ("id_", "left"),
    [
        ("here:web.1:80", True),
        ("here:web.1:53:udp", True),
        ("here:web.1:53:sctp", True),
        ("there:web.1:80", False),
        ("here2:web.1:80", False),
        ("web", False),
        ("here:web.1:80:tcp", False),
    ],
)
def test_the_anchors_ids_are_known_by_their_host(id_: str, left: bool) -> None:
    assert LAYOUT.is_of_the_anchors(ServiceId(id_)) is left


def test_nodes_have_marks_of_their_own() -> None:
    marks = {Layout(prefix="", index="i", node=f"n{n}").mark for n in range(1000)}

    assert len(marks) == 1000
    assert all(0 < mark < 1 << 64 for mark in marks)
