"""What is shown of servers, sources, and figures."""

from dataclasses import replace

from registrator.model import Instance
from registrator.watcher import Sighting
from registrator_haproxy import views
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.difference import Act, Step
from registrator_haproxy.guard import Belief
from registrator_haproxy.journal import Entry, Journal, Kind
from registrator_haproxy.layout import Server
from registrator_haproxy.plan import plan
from registrator_haproxy.runtime import Admin, Figures, LiveServer, State

ETCD, CONSUL = "etcd://h:2379", "consul://h:8500"


def configuration(**web: object) -> Configuration:
    sources = {"from": [ETCD, CONSUL]}
    return Configuration.model_validate({"services": {"web": {**sources, **web}}})


def belief(*ports: int) -> Belief:
    return Belief.of(
        {
            str(port): Instance(id=str(port), name="web", address="10.0.0.1", port=port)
            for port in ports
        }
    )


def live(name: str, backend: str = "web") -> LiveServer:
    return LiveServer(
        backend=backend,
        name=name,
        id=1,
        address="10.0.0.1",
        host="",
        port=int(name.rpartition(":")[2]),
        state=State.RUNNING,
        admin=Admin.READY,
        weight=1,
        checked=False,
        agent_checked=False,
    )


UP = Figures(status="UP", weight=7, sessions=2, queued=1, since=5)


def test_a_server_has_its_figures_and_all_that_show_it() -> None:
    used = configuration()
    beliefs = {("web", ETCD): belief(80, 81), ("web", CONSUL): belief(80)}
    name = "10.0.0.1:80"
    layout = plan(used, {"web": tuple(belief(80).instances.values())}).layout
    [shown] = views.servers(
        used, layout, beliefs, {("web", name): live(name)}, {("web", name): UP}
    )

    assert shown == {
        "service": "web",
        "backend": "web",
        "server": name,
        "address": "10.0.0.1:80",
        "state": "up",
        "weight": 7,
        "sessions": 2,
        "queued": 1,
        "since": 5,
        "wanted": True,
        "sources": [ETCD, CONSUL],
    }


def test_where_all_have_one_port_sources_are_found_all_the_same() -> None:
    used = configuration(port=9000)
    found = belief(80, 81)
    layout = plan(used, {"web": tuple(found.instances.values())}).layout
    [shown] = views.servers(used, layout, {("web", ETCD): found}, {}, {})

    assert (shown["address"], shown["sources"]) == ("10.0.0.1:9000", [ETCD])
    assert (shown["state"], shown["since"]) == ("not there", None)


def test_one_that_stands_in_the_configuration_is_from_there() -> None:
    used = configuration(servers=[{"host": "10.0.0.9", "port": 80}])
    [shown] = views.servers(used, plan(used, {}).layout, {}, {}, {})

    assert shown["sources"] == ["configuration"]


def test_one_that_leaves_is_shown_and_anothers_backend_is_not() -> None:
    used = configuration(**{"backend-name": "web-b"})
    lives = {
        ("web-b", "10.0.0.1:80"): live("10.0.0.1:80", "web-b"),
        ("theirs", "x:1"): live("x:1", "theirs"),
    }
    [shown] = views.servers(
        used, plan(used, {}).layout, {("gone", ETCD): belief(80)}, lives, {}
    )

    assert (shown["service"], shown["backend"]) == ("web", "web-b")
    assert (shown["wanted"], shown["sources"]) == (False, [])


def test_a_source_is_shown_with_what_is_believed_of_it() -> None:
    sighting = Sighting(since=10.0, known=True, error="no answer")
    doubt = replace(belief(80), why="the registry is away")
    known, unknown = views.sources(
        {("web", ETCD): doubt},
        {("web", ETCD): sighting, ("web", CONSUL): Sighting(since=40.0)},
        50.0,
    )

    assert known == {
        "service": "web",
        "registry": ETCD,
        "known": True,
        "current": False,
        "age": 40.0,
        "shown": 0,
        "served": 1,
        "held": "the registry is away",
        "error": "no answer",
    }
    assert (unknown["served"], unknown["held"]) == (0, "")


def test_figures_have_the_names_and_labels_of_prometheus() -> None:
    journal = Journal(lambda: 0.0)
    journal.did(Act.ADD, "web", ["a", "b"])
    journal.reloaded(["backend web is new"])
    journal.configured("x")
    doubt = replace(belief(80), why="the registry is away")
    sighting = Sighting(since=10.0, known=True)
    sources = views.sources({("web", ETCD): doubt}, {("web", ETCD): sighting}, 15.0)
    damped = views.damped({("web", ETCD): {"a": 20.0}}, 15.0)

    found = [
        (each["name"], each["kind"], each["labels"], each["value"])
        for each in views.metrics(journal, sources, damped)
    ]
    assert found == [
        ("registrator_haproxy_reloads_total", "counter", {"reason": "new"}, 1),
        ("registrator_haproxy_runtime_changes_total", "counter", {"act": "add"}, 2),
        ("registrator_haproxy_held_losses", "gauge", {}, 1),
        ("registrator_haproxy_damped_instances", "gauge", {}, 1),
        (
            "registrator_haproxy_snapshot_age_seconds",
            "gauge",
            {"service": "web", "registry": ETCD},
            5.0,
        ),
    ]


def test_one_that_comes_and_goes_is_shown_with_the_time_that_it_has_to_stay() -> None:
    held = {("web", ETCD): {"a": 20.0, "b": 14.0}, ("db", CONSUL): {"c": 16.0}}

    assert views.damped(held, 15.0) == [
        {"service": "web", "registry": ETCD, "instance": "a", "seconds": 5.0},
        {"service": "web", "registry": ETCD, "instance": "b", "seconds": 0.0},
        {"service": "db", "registry": CONSUL, "instance": "c", "seconds": 1.0},
    ]


def test_an_entry_says_when_in_utc() -> None:
    [shown] = views.entries(
        [Entry(at=1.5, kind=Kind.RELOAD, what="reloaded", why="it is new")]
    )

    assert shown == {
        "at": "1970-01-01T00:00:01.500+00:00",
        "kind": "reload",
        "what": "reloaded",
        "why": "it is new",
    }


def test_a_step_says_where_a_server_is_to_be() -> None:
    server = Server(name="a", address="10.0.0.1", port=80)
    add, remove = views.steps(
        [
            Step(act=Act.ADD, backend="web", name="a", server=server),
            Step(act=Act.REMOVE, backend="web", name="b"),
        ]
    )

    assert (add["act"], add["address"]) == ("add", "10.0.0.1:80")
    assert (remove["act"], remove["address"]) == ("remove", "")


def test_what_was_left_out_is_shown_by_service() -> None:
    assert views.problems({"web": ("one", "two")}) == [
        {"service": "web", "problems": ["one", "two"]}
    ]
