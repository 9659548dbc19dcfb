import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.errors import Rejected
from registrator.model import Service
from registrator_backends.etcd.layout import range_end
from registrator_backends.etcd.services import ServicesLayout
from samples import web

LAYOUT = ServicesLayout(path="services", node="here")

KEYS = [
    (web("host:web:80"), "/services/web/host:web:80"),
    (web("host:dns:53:udp", name="dns"), "/services/dns/host:dns:53:udp"),
    (web("a/b%c"), "/services/web/a%2Fb%25c"),
    (web(".."), "/services/web/.."),
    (web("日本", name="bücher"), "/services/bücher/日本"),
    (web("a\nb\u200bc\x7f"), "/services/web/a%0Ab%E2%80%8Bc%7F"),
    (web("a b"), "/services/web/a b"),
    (web(name="team/web"), "/services/team%2Fweb/here:web.1:80"),
]


@pytest.mark.parametrize(("service", "key"), KEYS)
def test_a_service_has_one_key(service: Service, key: str) -> None:
    ((found, value),) = LAYOUT.entries(service)

    assert (found, value) == (key, b"10.0.0.1:8000")
    assert LAYOUT.identify(found, value) == service.id


def test_the_root_is_a_prefix_too() -> None:
    layout = ServicesLayout(path="", node="here")
    ((key, _),) = layout.entries(web())

    assert key == "/web/here:web.1:80"
    assert layout.identify(key, b"") == "here:web.1:80"


@pytest.mark.parametrize(
    "service", [web(""), web(name=""), web("\ud800"), web(name="\udcff")]
)
def test_what_makes_no_key_is_refused(service: Service) -> None:
    with pytest.raises(Rejected, match="makes no key"):
        LAYOUT.entries(service)


words = st.text(st.characters(codec="utf-8"), min_size=1)


@given(id=words, name=words)
def test_any_id_and_name_come_back(id: str, name: str) -> None:  # noqa: A002  as in Service
    ((key, value),) = LAYOUT.entries(web(id, name=name))
    found = LAYOUT.read(key, value)

    assert LAYOUT.identify(key, value) == id
    assert found is not None
    assert (found.id, found.name) == (id, name)
    assert key.startswith(LAYOUT.readers_prefix(name))
    assert key.isprintable()


@given(one=st.tuples(words, words), other=st.tuples(words, words))
def test_no_two_services_meet_in_one_key(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    ((first, _),) = LAYOUT.entries(web(one[0], name=one[1]))
    ((second, _),) = LAYOUT.entries(web(other[0], name=other[1]))

    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    "key", ["/services/web", "/services/web/a/b", "/services/web/", "/other/web/a", ""]
)
def test_what_is_no_key_of_the_layout_is_nobody_s(key: str) -> None:
    assert LAYOUT.identify(key, b"10.0.0.1:80") is None
    assert LAYOUT.read(key, b"10.0.0.1:80") is None


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        (b"/services/", b"/services0"),
        (b"a", b"b"),
        (b"a\xff", b"b"),
        (b"\xff\xff", b"\0"),
        (b"", b"\0"),
    ],
)
def test_a_range_ends_where_the_prefix_does(prefix: bytes, end: bytes) -> None:
    assert range_end(prefix) == end
