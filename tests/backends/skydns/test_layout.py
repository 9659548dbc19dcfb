from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrator.errors import Rejected
from registrator.model import Instance, Service, ServiceId
from registrator_backends.skydns.labels import label_of
from registrator_backends.skydns.layout import SkydnsLayout
from samples import web

LAYOUT = SkydnsLayout(domain="cluster.local", node="here", address="10.0.0.1")
ANCHORS = replace(LAYOUT, record_ttl=0)
ADOPTING = replace(LAYOUT, adopting=True)
PLACE = "/skydns/local/cluster"
LABEL = label_of(web().id)


def entry(service: Service, layout: SkydnsLayout = LAYOUT) -> tuple[str, str]:
    ((key, value),) = layout.entries(service)
    return key, value.decode()


def back(service: Service) -> Instance | None:
    ((key, value),) = LAYOUT.entries(service)
    return LAYOUT.read(key, value)


def test_an_entry_is_the_anchors_where_nothing_else_is_said() -> None:
    service = web("w-1", name="nginx")

    assert entry(service, ANCHORS) == (
        "/skydns/local/cluster/nginx/w-1",
        '{"host":"10.0.0.1","port":8000}',
    )


def test_an_id_that_is_no_label_stands_in_the_value() -> None:
    key, value = entry(web())

    assert key == f"{PLACE}/web/{LABEL}"
    assert value == '{"host":"10.0.0.1","port":8000,"ttl":5,"id":"here:web.1:80"}'


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"address": "fd00::1"}, '"host":"fd00::1","port":8000,"ttl":5'),
        ({"priority": 1, "weight": 1}, '"port":8000,"ttl":5'),
        ({"priority": 0}, '"priority":9,"ttl":5'),
        ({"priority": 3}, '"priority":12,"ttl":5'),
        ({"weight": 7}, '"weight":700,"ttl":5'),
        ({"weight": 0}, '"weight":1,"ttl":5'),
        ({"tags": ("b", "a")}, '"text":"tag=b tag=a","ttl":5'),
        ({"metadata": {"version": "2"}}, '"text":"version=2","ttl":5'),
        ({"metadata": {"group": "blue"}}, '"ttl":5,"group":"blue"'),
        ({"metadata": {"group": ""}}, '"text":"group=","ttl":5'),
    ],
)
def test_what_is_said_of_a_service_stands_in_its_message(
    changes: dict[str, Any], said: str
) -> None:
    assert said in entry(web("w-1", **changes))[1]


@pytest.mark.parametrize(
    ("name", "key"),
    [("Web", "web/w"), ("a.web", "web/a/w"), ("_x._tcp.web", "web/_tcp/_x/w")],
)
def test_a_name_with_dots_lies_deeper(name: str, key: str) -> None:
    assert entry(web("w", name=name))[0] == f"{PLACE}/{key}"


def test_the_tree_may_stand_elsewhere() -> None:
    layout = SkydnsLayout(domain="Lan".lower(), path="dns/tree")

    assert entry(web("w"), layout)[0] == "/dns/tree/lan/web/w"
    assert layout.arpa == "/dns/tree/arpa/"


@pytest.mark.parametrize(
    "service",
    [
        web(""),
        web("/skydns/arpa/in-addr/10/0/0/1"),
        web("\ud800"),
        web(name="a/b"),
        web(name="any"),
        web(name="ns.dns"),
        web(name="\ud800"),
        web(name=".".join(["x" * 60] * 4)),
        web(tags=("\ud800",)),
        web(metadata={"key": "\ud800"}),
        web(metadata={"group": "\ud800"}),
        web(metadata={"key": "x" * 60_000}),
        web(priority=-1),
        web(priority=65527),
        web(weight=-1),
        web(weight=65536),
    ],
)
def test_what_dns_could_not_show_is_refused(service: Service) -> None:
    with pytest.raises(Rejected):
        LAYOUT.entries(service)


@pytest.mark.parametrize("name", ["here:web.1:80", "w-1", "any", "日本", "x" * 200])
def test_an_id_is_found_again(name: str) -> None:
    ((key, value),) = LAYOUT.entries(web(name))

    assert LAYOUT.identify(key, value) == name


def test_a_name_in_a_value_that_its_key_belies_is_not_believed() -> None:
    value = b'{"host":"10.0.0.1","id":"there:web.1:80"}'

    assert LAYOUT.identify(f"{PLACE}/web/x1", value) == "x1"


@pytest.mark.parametrize(
    ("key", "service"),
    [
        ("web/here:web.1:80", "here:web.1:80"),
        ("web/a/x1", "x1"),
        ("web", None),
        ("", None),
        ("web/", None),
        ("web//x", None),
    ],
)
def test_a_key_of_others_ends_with_its_id(key: str, service: str | None) -> None:
    assert LAYOUT.identify(f"{PLACE}/{key}", b"{}") == service


def test_what_lies_elsewhere_is_nobodys() -> None:
    assert LAYOUT.identify("/skydns/arpa/in-addr/10/0/0/1", b"{}") is None
    assert LAYOUT.identify("/skydns/local/clusters/web/x", b"{}") is None


FAYRUS = b'{"host":"10.0.0.1","port":8000}'


@pytest.mark.parametrize(
    ("label", "service"),
    [
        ("here-web-80", "here:web:80"),
        ("here-web-1-80", "here:web-1:80"),
        ("here-web-53-udp", "here:web:53:udp"),
    ],
)
def test_what_fayrus_registrator_left_is_told_by_its_label(
    label: str, service: str
) -> None:
    assert ADOPTING.identify(f"{PLACE}/web/{label}", FAYRUS) == service
    assert LAYOUT.identify(f"{PLACE}/web/{label}", FAYRUS) == label


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("there-web-80", FAYRUS),
        ("here-web", FAYRUS),
        ("here-80", FAYRUS),
        ("here-web-80", b'{"host":"10.0.0.2","port":8000}'),
        ("here-web-80", b'{"host":"10.0.0.1","port":8000,"ttl":5}'),
        ("here-web-80", b'{"host":"10.0.0.1","port":8000,"text":"x"}'),
        ("here-web-80", b"junk"),
    ],
)
def test_what_it_did_not_write_on_this_host_is_left_to_others(
    label: str, value: bytes
) -> None:
    assert ADOPTING.identify(f"{PLACE}/web/{label}", value) == label


def test_a_host_with_dots_in_its_name_is_known_by_hyphens() -> None:
    layout = replace(ADOPTING, node="a.example")

    assert layout.identify(f"{PLACE}/web/a-example-w-80", FAYRUS) == "a.example:w:80"


def test_a_service_is_read_with_all_that_is_shown() -> None:
    service = web(
        tags=("b", "a"),
        metadata={"version": "2", "group": "blue"},
        priority=3,
        weight=2,
    )

    assert back(service) == Instance(
        id=service.id,
        name="web",
        address="10.0.0.1",
        port=8000,
        tags=("b", "a"),
        metadata={"version": "2", "group": "blue"},
        priority=12,
        weight=200,
    )


def test_priority_and_weight_are_read_as_dns_shows_them() -> None:
    plain = back(web())

    assert plain is not None
    assert (plain.priority, plain.weight) == (10, 100)


@pytest.mark.parametrize(
    ("service", "transport"),
    [
        (web("here:dns.1:53:udp"), "udp"),
        (web(tags=("udp",)), "udp"),
        (web("here:x.1:53:sctp"), "sctp"),
        (web(), "tcp"),
    ],
)
def test_the_transport_is_told_by_id_or_tag(service: Service, transport: str) -> None:
    found = back(service)

    assert found is not None
    assert found.transport == transport


@pytest.mark.parametrize(
    ("key", "name", "own"),
    [
        ("web/x1", "web", "x1"),
        ("web/here:web.1:80", "web", "here:web.1:80"),
        ("dev/redis/redis1", "redis.dev", "redis1"),
        ("web", "web", "web"),
        ("dns/ns/a", "ns.dns", "a"),
    ],
)
def test_what_others_wrote_is_read_by_its_key(key: str, name: str, own: str) -> None:
    found = LAYOUT.read(f"{PLACE}/{key}", b'{"host":"db.example.com","text":"a text"}')

    assert found == Instance(
        id=own,
        name=name,
        address="db.example.com",
        port=0,
        metadata={"text": "a text"},
        priority=10,
        weight=100,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (f"{PLACE}/web/x", b"junk"),
        (f"{PLACE}/web/x", b'{"text":"no host"}'),
        (f"{PLACE}/", b'{"host":"10.0.0.1"}'),
        (f"{PLACE}/web//x", b'{"host":"10.0.0.1"}'),
        ("/skydns/local/other/web/x", b'{"host":"10.0.0.1"}'),
    ],
)
def test_what_is_no_service_is_not_read(key: str, value: bytes) -> None:
    assert LAYOUT.read(key, value) is None


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("10.0.0.1", "in-addr/10/0/0/1"),
        (
            "2001:db8::1",
            "ip6/2/0/0/1/0/d/b/8/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/1",
        ),
    ],
)
def test_a_pointer_leads_from_the_address_to_the_name(address: str, place: str) -> None:
    ((key, value),) = LAYOUT.entries(web(name="a.web", address=address))

    assert LAYOUT.pointer(key, value) == (
        f"/skydns/arpa/{place}",
        "a.web.cluster.local",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("web/x", b'{"host":"db.example.com"}'),
        ("web/x", b"junk"),
        ("web", b'{"host":"10.0.0.1"}'),
    ],
)
def test_what_has_no_address_has_no_pointer(key: str, value: bytes) -> None:
    assert LAYOUT.pointer(f"{PLACE}/{key}", value) is None


def test_no_name_is_read_under_the_whole_domain() -> None:
    assert LAYOUT.readers_prefix("") == f"{PLACE}/"
    assert LAYOUT.readers_prefix("A.Web") == f"{PLACE}/web/a"
    with pytest.raises(Rejected):
        LAYOUT.readers_prefix("a/b")


def test_what_is_shown_does_not_change_whose_a_record_is() -> None:
    assert {(each.kind, each.prefix) for each in (LAYOUT, ANCHORS, ADOPTING)} == {
        ("skydns", f"{PLACE}/")
    }


words = st.text(max_size=12) | st.text("a-.:/ =%*", max_size=12)


@settings(deadline=None)
@given(
    st.builds(
        web,
        words,
        name=words | st.sampled_from(["web", "a.web"]),
        port=st.integers(1, 65535),
        tags=st.lists(words, max_size=3).map(tuple),
        metadata=st.dictionaries(words | st.just("group"), words, max_size=3),
        priority=st.integers(-1, 65535),
        weight=st.integers(-1, 65536),
    )
)
def test_every_service_is_refused_or_read_as_it_was_written(service: Service) -> None:
    try:
        ((key, value),) = LAYOUT.entries(service)
    except Rejected:
        return

    found = LAYOUT.read(key, value)
    assert found is not None
    assert key.startswith(LAYOUT.readers_prefix(service.name) + "/")
    assert LAYOUT.identify(key, value) == service.id
    assert (found.id, found.name) == (service.id, service.name.lower())
    assert (found.tags, found.metadata) == (service.tags, service.metadata)


def test_two_services_never_share_a_key() -> None:
    keys = [
        LAYOUT.entries(web(service, name=name))[0][0]
        for service in ("a", "A", "a.b", "a-b", "a:b", "here:web.1:80", LABEL, "b.a")
        for name in ("web", "a.web")
    ]

    assert len(set(keys)) == len(keys)
    assert ServiceId(LABEL) != label_of(ServiceId(LABEL))
