import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.fitness import Status
from registrator.model import Instance
from registrator_backends.consul.instances import read_shelf

NODE = {"Node": "n1", "Address": "192.0.2.1"}
SERVICE = {
    "ID": "web-1",
    "Service": "web",
    "Tags": ["a", "b"],
    "Address": "10.0.0.1",
    "Port": 80,
    "Meta": {"version": "1"},
    "Weights": {"Passing": 5, "Warning": 2},
}
WEB = Instance(
    id="web-1",
    name="web",
    address="10.0.0.1",
    port=80,
    tags=("a", "b"),
    metadata={"version": "1"},
    weight=5,
    node="n1",
    node_address="192.0.2.1",
)


def entry(*statuses: str, **service: object) -> dict[str, Any]:
    checks = [{"Status": status} for status in statuses]
    return {"Node": NODE, "Service": {**SERVICE, **service}, "Checks": checks}


def only(found: object) -> Instance:
    shelf = read_shelf([found])
    (instance,) = shelf.instances.values()
    assert shelf.skipped == 0
    return instance


def test_an_instance_is_read_as_the_catalog_shows_it() -> None:
    assert only(entry()) == WEB


def test_without_an_address_of_its_own_it_has_its_nodes() -> None:
    assert only(entry(Address="")).address == "192.0.2.1"


def test_what_an_old_client_left_out_is_made_up() -> None:
    plain = {"ID": "web", "Service": "web", "Port": 0, "Address": "", "Tags": None}

    found = only({"Node": NODE, "Service": plain, "Checks": None})

    assert found == Instance(
        id="web",
        name="web",
        address="192.0.2.1",
        port=0,
        node="n1",
        node_address="192.0.2.1",
    )


@pytest.mark.parametrize(
    ("statuses", "status", "weight"),
    [
        ((), Status.PASSING, 5),
        (("passing", "passing"), Status.PASSING, 5),
        (("passing", "warning"), Status.WARNING, 2),
        (("critical", "warning"), Status.CRITICAL, 5),
        (("passing", "critical"), Status.CRITICAL, 5),
    ],
)
def test_the_status_is_the_worst_of_all_checks(
    statuses: tuple[str, ...], status: Status, weight: int
) -> None:
    found = only(entry(*statuses))

    assert (found.status, found.weight) == (status, weight)


@pytest.mark.parametrize(
    ("service", "transport"),
    [
        ({"ID": "here:dns:53:udp"}, "udp"),
        ({"ID": "here:dns:53:sctp"}, "sctp"),
        ({"ID": "dns", "Tags": ["udp"]}, "udp"),
        ({"ID": "here:dns:53"}, "tcp"),
    ],
)
def test_the_transport_is_told_by_id_or_tag(
    service: dict[str, object], transport: str
) -> None:
    assert only(entry(**service)).transport == transport


def test_our_own_metadata_is_not_the_services() -> None:
    meta = {"registrator-owner": "web-host-1", "registrator-ttl": "30s", "zone": "a"}

    found = only(entry(Meta=meta))

    assert found.metadata == {"zone": "a"}
    assert found.node == "web-host-1"


def test_the_address_of_a_host_that_shares_an_agent_is_not_known() -> None:
    (one, other) = (only(entry(Meta={"registrator-owner": it})) for it in ("n1", "n2"))

    assert (one.node_address, other.node_address) == ("192.0.2.1", "")


def test_the_same_id_on_two_nodes_is_two_instances() -> None:
    other = entry() | {"Node": {"Node": "n1/web-1", "Address": "192.0.2.2"}}

    assert len(read_shelf([entry(), other]).instances) == 2


JUNK: list[object] = [
    None,
    7,
    [],
    {},
    {"Service": SERVICE},
    {"Service": SERVICE, "Node": None, "Checks": []},
    entry(ID=None),
    entry(Service=7),
    entry(Port="80"),
    entry(Port=-1),
    entry(Port=65536),
    entry(Port=True),
    entry(Address="two words"),
    entry(Address="x" * 300),
    entry(Address="a\nb"),
    entry(Address=7),
    entry(Tags="ab"),
    entry(Tags=[7]),
    entry(Tags=["\ud800"]),
    entry(Meta=["x"]),
    entry(Meta={"x": 7}),
    entry(Meta={"x": "\ud800"}),
    entry(Weights={"Passing": 100_000}),
    entry(Weights=7),
    entry("dancing"),
    entry() | {"Checks": [{}]},
    entry() | {"Checks": 7},
]


@pytest.mark.parametrize("junk", JUNK, ids=map(str, range(len(JUNK))))
def test_what_makes_no_sense_is_counted(junk: object) -> None:
    shelf = read_shelf([junk, entry(ID="good")])

    assert [each.id for each in shelf.instances.values()] == ["good"]
    assert shelf.skipped == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["ID", "Port", "x"]), inner)
    ),
)


@given(
    node=JSON,
    checks=JSON,
    service=st.dictionaries(st.sampled_from([*SERVICE, "x"]), JSON),
)
def test_nothing_that_json_can_hold_is_an_error(
    node: object, checks: object, service: dict[str, object]
) -> None:
    whole = {"Node": node, "Service": {**SERVICE, **service}, "Checks": checks}

    shelf = read_shelf([json.loads(json.dumps(whole)), entry(ID="good")])

    assert len(shelf.instances) + shelf.skipped >= 1
