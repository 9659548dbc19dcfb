"""Which services get a place because they ask for one, and which do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.model import Instance
from registrator_haproxy.auto import (
    MOST,
    SHORTEST_PAUSE,
    Auto,
    Kept,
    asking,
    auto,
    pause,
    ports,
    stay,
    together,
)
from registrator_haproxy.configuration.bind import Bind
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render

URI = "consul://127.0.0.1:8500"
BASE = Configuration()


def instance(service: str, number: int = 1, **metadata: str) -> Instance:
    return asks(service, metadata, number)


def asks(service: str, metadata: dict[str, str], number: int = 1) -> Instance:
    return Instance(
        id=f"h:{service}:{number}",
        name=service,
        address=f"10.0.0.{number}",
        port=80,
        metadata={f"haproxy_{key}": value for key, value in metadata.items()},
    )


def found(
    *instances: Instance, base: Configuration = BASE, listen: int = 80, **said: Any
) -> Auto:
    return auto(base, asking(instances), [URI], Bind("127.0.0.1", listen), **said)


def refused(*instances: Instance, **said: Any) -> dict[str, str]:
    return dict(found(*instances, **said).refused)


def test_who_asks_for_nothing_has_no_place() -> None:
    assert found(instance("web"), instance("db", mode="tcp")).configuration == BASE


def test_a_port_is_a_listener_on_loopback() -> None:
    [(name, service)] = found(
        instance("db", port="5432", mode="tcp")
    ).configuration.services.items()

    assert (name, service.source, service.mode) == ("db", (URI,), "tcp")
    assert service.listen == Bind("127.0.0.1", 5432)


def test_a_host_or_a_path_is_a_route_of_the_shared_frontend() -> None:
    configuration = found(
        instance("web", host="www.Example.org"),
        instance("api", host="www.example.org", path="/api/"),
        instance("rest", path="/", port="8080"),
    ).configuration

    text = render(plan(configuration, {}).layout)
    assert (
        text.partition("frontend auto-in\n")[2].partition("\n\n")[0]
        == """\
\tbind 127.0.0.1:80
\tmode http
\tuse_backend api if { req.hdr(host),host_only,lower -m str www.example.org } \
{ path,concat(/) -m beg /api/ }
\tuse_backend web if { req.hdr(host),host_only,lower -m str www.example.org }
\tdefault_backend rest"""
    )
    assert "frontend rest-in\n\tbind 127.0.0.1:8080\n" in text


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"port": "80"}, "haproxy_port '80' is none of 1024 to 65535"),
        ({"port": "1023"}, "is none of"),
        ({"port": "65536"}, "is none of"),
        ({"port": "99999"}, "is none of"),
        ({"port": "8080 "}, "is none of"),
        ({"port": "٨٠٨٠"}, "is none of"),
        ({"port": "8080", "mode": "udp"}, "'udp' is neither http nor tcp"),
        ({"host": "a b"}, "'a b' is no host"),
        ({"path": "shop"}, "'shop' is no path"),
        ({"path": "/a\nb"}, "is no path"),
        ({"path": "/", "mode": "tcp"}, "take haproxy_mode http"),
    ],
)
def test_a_place_is_typed(asked: dict[str, str], why: str) -> None:
    assert why in refused(asks("web", asked))["web"]


def test_a_name_is_haproxys_too() -> None:
    assert refused(instance("a;b", port="8080")).keys() == {"a;b"}


def test_of_two_that_ask_for_one_place_the_first_by_name_has_it() -> None:
    both = [instance("b", port="8080"), instance("a", port="8080")]
    routes = [instance("d", path="/x"), instance("c", path="/x/")]

    assert refused(*both, *routes) == {
        "b": "port 8080 is that of service a",
        "d": "the route any host/x is that of service c",
    }
    assert found(*both).configuration == found(*reversed(both)).configuration


def test_what_most_instances_ask_for_is_the_services() -> None:
    asked = [
        instance("web", 1, port="8081"),
        instance("web", 2, port="8082"),
        instance("web", 3, port="8082"),
        instance("web", 4, port="wrong"),
        instance("even", 1, port="9002"),
        instance("even", 2, port="9001"),
    ]
    services = found(*asked).configuration.services

    assert services["web"].listen == Bind("127.0.0.1", 8082)
    assert services["even"].listen == Bind("127.0.0.1", 9001)


OPERATORS = Configuration.model_validate(
    {
        "frontends": {"public": {"listen": 8000}, "auto": {"listen": [8001, 8002]}},
        "services": {
            "web": {"listen": 8003},
            "old": {"backend-name": "new"},
            "deep": {"routes": [{"frontend": "auto", "path": "/deep"}]},
            "flat": {"routes": [{"frontend": "public", "path": "/flat"}]},
        },
    }
)


def test_what_the_operator_has_given_away_is_not_given_again() -> None:
    asked = [
        instance("web", port="9000"),
        instance("a", port="8000"),
        instance("b", port="8002"),
        instance("c", port="8003"),
        instance("new", port="9001"),
        instance("d", path="/deep"),
        instance("public", port="9002"),
        instance("e", path="/flat"),
    ]

    assert refused(*asked, base=OPERATORS) == {
        "a": "port 8000 is that of frontend public",
        "b": "port 8002 is that of frontend auto",
        "c": "port 8003 is that of service web",
        "d": "the route any host/deep is that of service deep",
        "new": "the backend's name new is that of service old",
        "public": "the frontend's name public is that of frontend public",
    }
    configuration = found(*asked, base=OPERATORS).configuration
    assert configuration.services.keys() - OPERATORS.services.keys() == {"e"}
    assert configuration.frontends == OPERATORS.frontends


def test_ports_that_another_program_has_are_not_asked_of_haproxy() -> None:
    asked = [
        instance("a", port="8080"),
        instance("b", path="/"),
        instance("c", port="9000"),
    ]

    assert refused(*asked, busy={8080, 80}) == {
        "a": "port 8080: another program listens there",
        "b": "routes need 127.0.0.1:80, where another program listens",
    }
    assert ports(asking(asked)) == {8080, 9000}


def test_the_shared_frontend_has_its_port_for_itself() -> None:
    asked = [instance("a", path="/"), instance("b", port="8003")]

    assert refused(*asked, listen=8003) == {
        "b": "port 8003 is that of frontend auto",
    }
    base = Configuration.model_validate({"services": {"web": {"listen": 8003}}})
    assert refused(asked[0], base=base, listen=8003) == {
        "a": "routes need 127.0.0.1:8003, which service web has",
    }


def test_there_is_an_end_to_the_places() -> None:
    asked = [instance(f"s{n:04}", port=str(2000 + n)) for n in range(MOST + 2)]
    result = found(*asked)

    assert len(result.configuration.services) == MOST
    assert result.refused.keys() == {f"s{MOST:04}", f"s{MOST + 1:04}"}


A, B = instance("a", port="8080"), instance("b", port="8081")


@pytest.mark.parametrize(
    ("shown", "now", "stays", "gone"),
    [
        (None, 50.0, {"a", "b"}, {}),
        ([], 50.0, {"a", "b"}, {}),
        ([A, B], 50.0, {"a", "b"}, {}),
        ([A], 50.0, {"a", "b"}, {"b": 50.0}),
    ],
)
def test_a_service_that_goes_keeps_its_place_for_a_while(
    shown: list[Instance] | None, now: float, stays: set[str], gone: dict[str, float]
) -> None:
    before = stay({}, asking([A, B]), 0.0, 10.0)
    after = stay(before, None if shown is None else asking(shown), now, 10.0)

    assert after.keys() == stays
    assert {n: each.gone for n, each in after.items() if each.gone is not None} == gone
    assert together([after]) == {"a": (A,), "b": (B,)}


def test_then_it_has_none_unless_it_has_come_back() -> None:
    shown = asking([A])
    gone = {"a": Kept(instances=(A,)), "b": Kept(instances=(B,), gone=5.0)}

    assert stay(gone, shown, 14.9, 10.0).keys() == {"a", "b"}
    assert stay(gone, shown, 15.0, 10.0).keys() == {"a"}
    assert stay(gone, None, 99.0, 10.0) == gone
    assert stay(gone, asking([A, B]), 99.0, 10.0)["b"].gone is None
    assert stay(gone, shown, 5.0, 0.0).keys() == {"a"}


def test_places_that_do_not_cease_to_change_do_so_ever_more_rarely() -> None:
    found = [SHORTEST_PAUSE]
    for _ in range(6):
        found.append(pause(found[-1], found[-1] + 1.0))

    assert found == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]
    assert pause(60.0, 120.0) == SHORTEST_PAUSE


def test_what_several_registries_have_of_a_service_is_one_service() -> None:
    one = {"a": Kept(instances=(A,))}
    other = {"a": Kept(instances=(B,)), "b": Kept(instances=(B,))}

    assert together([one, other]) == {"a": (A, B), "b": (B,)}


WORDS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["8080", "9000", "/", "/a", "a.org", "*.a.org", "tcp", "http"]),
)


@given(
    st.lists(
        st.builds(
            Instance,
            id=st.text(max_size=3),
            name=st.one_of(st.text(max_size=3), st.sampled_from("ab")),
            address=st.just("10.0.0.1"),
            port=st.just(80),
            metadata=st.dictionaries(
                st.sampled_from(
                    [f"haproxy_{k}" for k in ("port", "host", "path", "mode")]
                ),
                WORDS,
            ),
        ),
        max_size=8,
    )
)
def test_whatever_is_asked_for_the_configuration_is_one_that_a_file_could_have(
    instances: list[Instance],
) -> None:
    configuration = found(*instances).configuration
    places = [
        each.listen.port for each in configuration.services.values() if each.listen
    ]
    routes = [r for each in configuration.services.values() for r in each.routes]
    text = render(plan(configuration, {}).layout)

    assert len({*places}) == len(places)
    assert len({*routes}) == len(routes)
    assert text.isascii()
    assert not set(text) & set(";\"'$\\")
