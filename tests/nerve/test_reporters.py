"""Where nerve would report a service, in our words."""

from typing import Any

import pytest

from registrator import stores
from registrator.backend import Site
from registrator.labels.whitelist import Refused
from registrator.nerve.reporters import Place, reported

ZK: dict[str, Any] = {
    "zk_hosts": ["zk1:2181"],
    "zk_path": "/nerve/services/web/services",
}
PATH = "/nerve/services/web/services"


def read(instance: str = "i-1", **said: Any) -> tuple[Place, list[str]]:
    notes: list[str] = []
    return reported(said, "s", instance, notes.append), notes


def zookeeper(servers: str, more: str = "&instance=i-1") -> Place:
    uri = f"zookeeper://{servers}/?format=nerve&paths{more}"
    return Place(registry=uri, path=PATH)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, zookeeper("zk1:2181"), id="one server"),
        pytest.param({"reporter_type": "zookeeper"}, zookeeper("zk1:2181"), id="named"),
        pytest.param(
            {"zk_hosts": ["b:1", "a:2", "b:1"]}, zookeeper("a:2,b:1"), id="several"
        ),
        pytest.param(
            {"zk_hosts": ["a:1", "b:1/some/root"]},
            zookeeper("a:1,b:1", "&instance=i-1&chroot=/some/root"),
            id="a root",
        ),
        pytest.param(
            {"zk_path": "nerve/services//web/services/"},
            zookeeper("zk1:2181"),
            id="slashes",
        ),
        pytest.param(
            {"node_type": "ephemeral_sequential"}, zookeeper("zk1:2181"), id="type"
        ),
        pytest.param({"instance": ""}, zookeeper("zk1:2181", ""), id="no instance"),
        pytest.param(
            {"instance": "a b&c"}, zookeeper("zk1:2181", "&instance=a%20b%26c"), id="&"
        ),
    ],
)
def test_zookeepers_place_is_a_backend_and_a_path(
    said: dict[str, Any], expected: Place
) -> None:
    found, notes = read(**{**ZK, **said})

    assert (found, notes) == (expected, [])
    assert stores.make([found.registry], Site(node="h1"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, Place(registry="etcd://e:4003?format=json"), id="root"),
        pytest.param(
            {"etcd_path": "/services/web", "etcd_port": 2379},
            Place(registry="etcd://e:2379/services?format=json", name="web"),
            id="path",
        ),
    ],
)
def test_etcds_place_is_a_backend_and_a_name(
    said: dict[str, Any], expected: Place
) -> None:
    found, [note] = read(reporter_type="etcd", etcd_host="e", **said)

    assert found == expected
    assert note.startswith("s.reporter_type: written as our JSON, by etcd's v3 API")
    assert stores.make([found.registry], Site(node="h1"))


@pytest.mark.parametrize(
    ("said", "note"),
    [
        pytest.param(
            {"node_type": "persistent"},
            "s.node_type: written as ephemeral_sequential, not 'persistent'",
            id="type",
        ),
        pytest.param(
            {"use_path_encoding": True},
            "s.use_path_encoding: the path is plain, which synapse reads too",
            id="encoding",
        ),
        pytest.param(
            {"ttl_seconds": 10},
            "s.ttl_seconds: the znode ends with its session, after -ttl",
            id="ttl",
        ),
    ],
)
def test_what_is_done_otherwise_is_named(said: dict[str, Any], note: str) -> None:
    assert read(**ZK, **said)[1] == [note]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"reporter_type": "mine"}, "'mine' is not known", id="type"),
        pytest.param({"zk_hosts": []}, "zk_hosts is no list", id="no servers"),
        pytest.param({"zk_hosts": "a"}, "zk_hosts is no list", id="text"),
        pytest.param({"zk_hosts": ["a@b"]}, "is no server", id="a user"),
        pytest.param({"zk_hosts": ["a/x", "b/y"]}, "different roots", id="roots"),
        pytest.param({"zk_path": "/"}, "the root of ZooKeeper", id="root"),
        pytest.param({"zk_path": "/a/../b"}, "no path for services", id="dots"),
        pytest.param({"zk_path": "/zookeeper/x"}, "no path for services", id="its own"),
        pytest.param({"zk_path": None}, "no line of text: nothing", id="no path"),
        pytest.param(
            {"reporter_type": "etcd", "etcd_host": "a/b"}, "is no server", id="etcd"
        ),
    ],
)
def test_what_leads_nowhere_refuses_the_service(said: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(**{**ZK, **said})
