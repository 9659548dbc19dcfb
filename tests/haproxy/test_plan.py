"""What HAProxy is to be, from a configuration and what is believed."""

from typing import Any

import pytest

from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.layout import Server
from registrator_haproxy.numbering import Numbers
from registrator_haproxy.plan import Planned, Planner, plan


def configured(**service: Any) -> Configuration:
    return Configuration.model_validate({"services": {"web": service}, "seed": "h1"})


def instance(number: int, **fields: Any) -> Instance:
    usual = {"name": "web", "address": f"10.0.0.{number}", "port": 8000 + number}
    return Instance(**{"id": f"h1:web.{number}:80", **usual, **fields})


def laid_out(*instances: Instance, **service: Any) -> Planned:
    return plan(configured(**service), {"web": instances})


def servers(*instances: Instance, **service: Any) -> tuple[Server, ...]:
    return laid_out(*instances, **service).layout.backends["web"].servers


def places(*instances: Instance, **service: Any) -> list[str]:
    return sorted(each.place for each in servers(*instances, **service))


def test_every_instance_is_a_server_with_its_place_in_its_name() -> None:
    [server] = servers(instance(1, container="web.1", weight=7))

    assert server == Server(
        name="web.1_10.0.0.1:8001",
        address="10.0.0.1",
        port=8001,
        weight=7,
        options=("check", "inter", "2s", "rise", "2", "fall", "3"),
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "10.0.0.1:8001"),
        ({"node": "h2"}, "h2_10.0.0.1:8001"),
        ({"container": 'x;"\n$'}, "x_10.0.0.1:8001"),
        ({"container": ";;"}, "10.0.0.1:8001"),
        ({"address": "fd00::1"}, "fd00::1:8001"),
    ],
)
def test_a_name_is_readable_where_the_registry_gives_one(
    fields: dict[str, Any], name: str
) -> None:
    [server] = servers(instance(1, **fields))

    assert server.name == name


def test_one_place_is_one_server() -> None:
    twice = [instance(1, node="a"), instance(1, id="again", node="b")]

    assert [each.name for each in servers(*twice)] == ["a_10.0.0.1:8001"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"address": "a b"}, "address 'a b': has a character that none may have"),
        ({"port": 0}, "port 0: not within 1 and 65535"),
        ({"metadata": {"haproxy_server_options": "ssl"}}, "is not for registries"),
    ],
)
def test_an_entry_that_must_not_come_before_haproxy_is_left_out_and_named(
    fields: dict[str, Any], why: str
) -> None:
    planned = laid_out(instance(1), instance(2, **fields))

    assert [each.port for each in planned.layout.backends["web"].servers] == [8001]
    [said] = planned.refused["web"]
    assert said.startswith("h1:web.2:80: ")
    assert why in said


def test_words_and_weight_come_from_the_registry() -> None:
    asked = {"haproxy_server_options": "backup weight 3"}
    [server] = servers(instance(1, weight=9, metadata=asked), server="check")

    assert (server.options, server.weight) == (("check", "backup", "weight", "3"), None)


@pytest.mark.parametrize(
    ("mode", "lines", "let"),
    [
        ("http", [], True),
        ("tcp", [], False),
        (None, ["mode tcp", "mode http"], True),
        (None, ["option httpchk"], False),
        ("http", ["mode tcp"], False),
    ],
)
def test_what_takes_http_is_for_backends_that_are_known_to_speak_it(
    mode: str | None, lines: list[str], let: bool
) -> None:
    asked = {"haproxy_server_options": "check observe layer7"}

    found = servers(instance(1, metadata=asked), mode=mode, backend=lines)

    assert bool(found) is let


@pytest.mark.parametrize(
    ("weights", "weight", "found"), [(True, 9, 9), (True, 999, 256), (False, 9, None)]
)
def test_weights_can_be_left_to_haproxy(
    weights: bool, weight: int, found: int | None
) -> None:
    [server] = servers(instance(1, weight=weight), weights=weights)

    assert server.weight == found


def test_filters_are_all_to_be_met() -> None:
    filters = [
        {"label": "zone", "value": "a"},
        {"label": "old", "value": "yes", "condition": "not-equals"},
    ]
    asked = [
        instance(1, metadata={"zone": "a"}),
        instance(2, metadata={"zone": "b"}),
        instance(3, metadata={"zone": "a", "old": "yes"}),
        instance(4),
    ]

    assert places(*asked, filters=filters) == ["10.0.0.1:8001"]


def test_a_port_can_be_set_for_all() -> None:
    assert places(instance(1), port=99) == ["10.0.0.1:99"]


FIXED = [{"host": "10.9.9.9", "port": 80, "name": "spare"}]


def test_servers_of_the_configuration_serve_while_there_are_no_others() -> None:
    assert places(servers=FIXED) == ["10.9.9.9:80"]
    assert places(instance(1), servers=FIXED) == ["10.0.0.1:8001"]


def test_they_can_serve_beside_the_others() -> None:
    both = ["10.0.0.1:8001", "10.9.9.9:80"]

    assert places(instance(1), servers=FIXED, **{"keep-servers": True}) == both


def test_the_order_is_this_hosts_own_and_always_the_same() -> None:
    many = [instance(n) for n in range(20)]
    here = servers(*many)
    there = plan(
        configured().model_copy(update={"seed": "h2"}), {"web": many}
    ).layout.backends["web"]

    assert servers(*reversed(many)) == here
    assert set(there.servers) == set(here)
    assert there.servers != here


def zoned(labels: Any, *instances: Instance, **service: Any) -> Planned:
    said = {
        "zone": "eu/a",
        "zone-label": labels,
        "services": {"web": {"server": "", **service}},
    }
    return plan(Configuration.model_validate(said), {"web": instances})


@pytest.mark.parametrize(
    ("labels", "near", "far"),
    [
        ("zone", {"zone": "eu/a"}, {"zone": "eu/b"}),
        (["region", "az"], {"region": "eu", "az": "a"}, {"az": "a"}),
        ("zone", {"zone": "eu"}, {}),
    ],
)
def test_servers_of_other_zones_are_in_reserve(
    labels: Any, near: dict[str, str], far: dict[str, str]
) -> None:
    found = zoned(
        labels, instance(1, metadata=near), instance(2, metadata=far), far="backup"
    ).layout.backends["web"]

    assert {each.name: each.backup for each in found.servers} == {
        "10.0.0.1:8001": False,
        "10.0.0.2:8002_backup": True,
    }
    assert found.lines == ("mode http", "balance roundrobin", "option allbackups")


def test_where_no_zone_is_known_none_is_far() -> None:
    found = laid_out(instance(1, metadata={"zone": "a"}), far="backup").layout

    assert [each.backup for each in found.backends["web"].servers] == [False]
    assert "option allbackups" not in found.backends["web"].lines


def test_servers_of_the_configuration_are_near() -> None:
    found = zoned(
        "zone", instance(1), servers=FIXED, far="none", **{"keep-servers": True}
    ).layout.backends["web"]

    assert [each.place for each in found.servers] == ["10.9.9.9:80"]


def test_a_service_has_a_frontend_where_it_listens() -> None:
    layout = laid_out(listen="[::1]:80", mode="tcp", frontend=["option tcplog"]).layout

    [frontend] = layout.frontends
    assert frontend.title == "frontend web-in"
    assert frontend.lines == (
        "bind ::1:80",
        "mode tcp",
        "option tcplog",
        "default_backend web",
    )


def test_a_service_that_listens_nowhere_is_a_backend_only() -> None:
    layout = laid_out(backend=["option httpchk"]).layout

    assert layout.frontends == ()
    assert layout.backends["web"].lines == (
        "mode http",
        "balance roundrobin",
        "option httpchk",
    )


@pytest.mark.parametrize(
    ("balance", "lines", "dynamic"),
    [
        ("roundrobin", [], True),
        ("leastconn", [], True),
        ("random(2)", [], True),
        ("first", [], True),
        ("static-rr", [], False),
        ("source", [], False),
        ("hdr(Host)", [], False),
        ("source", ["hash-type consistent"], True),
    ],
)
def test_which_balancing_takes_servers_at_work(
    balance: str, lines: list[str], dynamic: bool
) -> None:
    backend = laid_out(balance=balance, backend=lines).layout.backends["web"]

    assert backend.dynamic is dynamic


def test_a_service_of_no_registry_yet_is_an_empty_backend() -> None:
    assert plan(configured(), {}).layout.backends["web"].servers == ()


def test_sections_of_the_operator_stand_before_all_others() -> None:
    asked = Configuration.model_validate(
        {"global": ["maxconn 9"], "defaults": ["mode tcp"], "extra": {"peers p": []}}
    )
    titles = [each.title for each in plan(asked, {}).layout.fixed]

    assert titles == ["global", "defaults", "peers p"]


@pytest.mark.parametrize(
    ("cookies", "cookie"),
    [
        ("none", ""),
        ("name", "somehost:5555"),
        ("hash", "9e736eef2f5a1d441e34ade3d2a8eb1e3abb1c92"),
    ],
)
def test_a_cookie_is_the_servers_name_or_tells_nobody_where_it_is(
    cookies: str, cookie: str
) -> None:
    [server] = servers(instance(1, address="somehost", port=5555), cookies=cookies)

    assert server.cookie == cookie


def test_a_cookie_that_the_registry_gives_is_the_only_one() -> None:
    asked = {"haproxy_server_options": "cookie own"}
    [server] = servers(instance(1, metadata=asked), cookies="name", server="")

    assert (server.cookie, server.options) == ("", ("cookie", "own"))


def test_two_servers_never_have_one_id() -> None:
    five = {"haproxy_server_options": "id 5"}
    twice = {"haproxy_server_options": "id 6 id 7"}
    planned = laid_out(
        instance(1, metadata=five),
        instance(2, metadata=five),
        instance(3, metadata=twice),
        instance(4),
    )

    ports = {each.port for each in planned.layout.backends["web"].servers}
    assert ports == {8001, 8004}
    assert planned.refused["web"] == (
        "h1:web.2:80: id 5 is another server's",
        "h1:web.3:80: id 6, 7 is another server's",
    )


def test_a_server_keeps_its_id_for_life() -> None:
    asked = configured(ids=True, order="name", **{"backend-name": "pool"})
    numbers = Numbers()
    first, second, third = instance(1), instance(2), instance(3)

    def ids(*instances: Instance) -> dict[int, int]:
        planned = Planner(asked, (), numbers).plan({"web": instances})
        found = planned.layout.backends["pool"].servers
        return {each.port - 8000: each.id for each in found}

    assert ids(second, first) == {1: 2, 2: 1}
    assert ids(first, third) == {1: 2, 3: 3}
    assert ids(third, second, first) == {1: 2, 2: 1, 3: 3}
    assert numbers.known.keys() == {"pool"}


def test_an_id_that_the_operators_words_have_is_haproxys_affair() -> None:
    [server] = servers(instance(1), ids=True, server="check id x")

    assert (server.id, server.options) == (0, ("check", "id", "x"))


def test_who_asks_for_no_ids_has_none() -> None:
    assert [each.id for each in servers(instance(1), instance(2))] == [0, 0]


def test_words_may_name_what_is_the_servers_own() -> None:
    [server] = servers(
        instance(1), server="check port %{port} addr %{host} sni %{name}"
    )

    assert server.options == (
        "check",
        "port",
        "8001",
        "addr",
        "10.0.0.1",
        "sni",
        "10.0.0.1:8001",
    )


def test_a_server_may_start_slowly_and_say_for_itself_how() -> None:
    asked = {"haproxy_server_options": "slowstart 5s"}
    slowly = {"server": "check", "slow-start": 30}
    [one] = servers(instance(1), **slowly)
    [other] = servers(instance(1, metadata=asked), **slowly)

    assert one.options == ("check", "slowstart", "30s")
    assert other.options == (*one.options, "slowstart", "5s")


def test_a_backend_may_have_another_name_and_say_nothing_by_itself() -> None:
    layout = laid_out(
        listen=80,
        mode=None,
        balance=None,
        **{"backend-name": "pool", "bind-options": "tfo defer-accept"},
    ).layout

    assert layout.backends["pool"].lines == ()
    assert layout.frontends[0].lines == (
        "bind 127.0.0.1:80 tfo defer-accept",
        "default_backend pool",
    )


def test_a_backend_that_has_not_changed_is_the_same_object() -> None:
    asked = Configuration.model_validate({"services": {"a": {}, "b": {}}})
    planner = Planner(asked)
    before = planner.plan({"a": (instance(1),), "b": (instance(2, port=0),)})
    after = planner.plan({"a": (instance(1), instance(3)), "b": (instance(2, port=0),)})

    assert before.layout.backends["b"] is after.layout.backends["b"]
    assert len(after.layout.backends["a"].servers) == 2
    assert after.refused == before.refused != {}


def test_a_backend_with_slots_has_a_place_for_anybody() -> None:
    backend = laid_out(instance(1), slots=3, server="check").layout.backends["web"]

    assert backend.slots == 3
    assert backend.spare == Server(
        name="slot", address="127.0.0.1", port=1, options=("check",)
    )
