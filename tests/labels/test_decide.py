from typing import Any

import pytest

from labels.making import container, decisions, environment, ports, published, rules
from registrator.labels import Decision, TagTemplate, decide
from registrator.labels.decide import MAX_WORK
from registrator.labels.ports import MAX_SERVICES
from registrator.model import Network, Port, State

MANY = tuple(Port(number) for number in range(1, 65536))
ON_HOST: dict[str, Any] = {"network_mode": "host", "networks": (), "published": {}}
ON_LAN: dict[str, Any] = {
    "network_mode": "lan",
    "networks": (Network(name="lan", ipv4="10.7.0.7"),),
    "published": {},
}


@pytest.mark.parametrize(
    "state", [state for state in State if state not in {State.RUNNING, State.PAUSED}]
)
def test_a_container_that_does_not_run_offers_nothing(state: State) -> None:
    found = decide(container(state=state), rules())

    assert found == (
        Decision(rule="not-running", reason=f"the container is {state.value}"),
    )


def test_a_container_without_ports_offers_nothing() -> None:
    (found,) = decide(container(exposed=(), published={}), rules())

    assert (found.port, found.service, found.rule) == (None, None, "no-ports")


def test_every_port_has_its_decision_in_order() -> None:
    found = decisions(
        "SERVICE_443_IGNORE=true",
        "SERVICE_53_NAME=a b",
        exposed=ports("8080"),
        published=published(p443=1, p80=2, p53_udp=3, p53=0),
    )

    assert [(str(each.port), each.rule) for each in found] == [
        ("53/tcp", "not-published"),
        ("53/udp", "refused"),
        ("80/tcp", "published"),
        ("443/tcp", "ignored"),
        ("8080/tcp", "not-published"),
    ]


@pytest.mark.parametrize("value", ["true", "1", "yes", "please"])
def test_service_ignore_ignores(value: str) -> None:
    (found,) = decisions(f"SERVICE_IGNORE={value}")

    assert (found.service, found.rule) == (None, "ignored")


@pytest.mark.parametrize("value", ["", "false", "0", "F", "No", "OFF"])
def test_service_ignore_that_is_off_does_not_ignore(value: str) -> None:
    (found,) = decisions(f"SERVICE_IGNORE={value}")

    assert found.service is not None
    assert found.service.metadata == {}


def test_a_range_of_ports_can_be_ignored() -> None:
    found = decisions(
        "SERVICE_10000-20000_IGNORE=true",
        exposed=(),
        published={
            Port(number): published(p1=number)[Port(1)]
            for number in (80, 10000, 15000, 20000, 20001)
        },
    )

    assert [each.rule for each in found] == [
        "published",
        "ignored",
        "ignored",
        "ignored",
        "published",
    ]


def test_explicit_takes_only_ports_with_a_name() -> None:
    subject = container(
        environment=environment("SERVICE_80_NAME=web"),
        published=published(p80=8000, p443=4443),
    )

    found = decide(subject, rules(explicit=True))

    assert [each.rule for each in found] == ["published", "explicit"]


def test_explicit_takes_a_name_from_a_label() -> None:
    subject = container(labels={"SERVICE_NAME": "web"})

    (found,) = decide(subject, rules(explicit=True))

    assert found.rule == "published"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param(ON_HOST, "host-network", id="on the host's network"),
        pytest.param({"published": {}}, "not-published", id="on the bridge"),
        pytest.param(ON_LAN, "own-address", id="on a network of its own"),
    ],
)
def test_service_ports_declares_what_the_image_does_not_expose(
    changes: dict[str, Any], rule: str
) -> None:
    found = decisions("SERVICE_PORTS=7000/udp,80", **{**changes, "exposed": ()})

    assert [str(each.port) for each in found] == ["80/tcp", "7000/udp"]
    assert {each.rule for each in found} == {rule}


@pytest.mark.parametrize(
    ("bindings", "rule"),
    [
        pytest.param({"p80": 8000}, "not-published", id="one is published"),
        pytest.param({"p80": 0}, "not-published", id="one could be"),
        pytest.param({}, "own-address", id="the engine does not tell"),
    ],
)
def test_a_declared_port_on_a_user_defined_bridge_is_not_published(
    bindings: dict[str, int], rule: str
) -> None:
    found = decisions(
        "SERVICE_PORTS=7000",
        exposed=(),
        published=published(**bindings),
        network_mode="mynet",
        networks=(Network(name="mynet", ipv4="10.9.0.7"),),
    )

    assert found[-1].port == ports("7000")[0]
    assert found[-1].rule == rule


def test_service_ports_works_with_internal() -> None:
    subject = container(
        environment=environment("SERVICE_PORTS=7000"), exposed=(), published={}
    )

    (found,) = decide(subject, rules(internal=True))

    assert found.service is not None
    assert (found.service.address, found.service.port) == ("172.17.0.5", 7000)


def test_a_list_of_ports_that_cannot_be_read_refuses_the_container() -> None:
    (found,) = decisions("SERVICE_PORTS=http")

    assert (found.port, found.rule) == (None, "refused")
    assert "SERVICE_PORTS" in found.reason


def test_a_container_may_offer_many_services() -> None:
    found = decisions(**{**ON_HOST, "exposed": MANY[:MAX_SERVICES]})

    assert sum(each.service is not None for each in found) == MAX_SERVICES


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        pytest.param([], MAX_SERVICES + 1, id="one more"),
        pytest.param([], len(MANY), id="all there are"),
        pytest.param(
            [f"SERVICE_1-{last}_IGNORE=1" for last in range(1, 101)],
            MAX_WORK // 100 + 1,
            id="with more settings than can be sorted out",
        ),
    ],
)
def test_a_container_with_too_many_services_offers_none(
    texts: list[str], count: int
) -> None:
    (found,) = decisions(*texts, **{**ON_HOST, "exposed": MANY[:count]})

    assert (found.port, found.service, found.rule) == (None, None, "refused")


def test_many_ports_that_are_ignored_or_not_published_are_no_matter() -> None:
    ignored = decisions(
        "SERVICE_10000-20000_IGNORE=1",
        **{**ON_HOST, "exposed": (Port(80), *MANY[9999:20000])},
    )
    unpublished = decisions(exposed=MANY[:12_000])

    assert [each.rule for each in ignored].count("host-network") == 1
    assert [each.rule for each in unpublished].count("published") == 1


def test_the_operators_tags_follow_the_containers() -> None:
    subject = container(
        environment=environment("SERVICE_TAGS=b,a"),
        published={Port(53, "udp"): published(p1=53)[Port(1)]},
        exposed=(),
    )

    (found,) = decide(subject, rules(tags=TagTemplate.parse("z,y")))

    assert found.service is not None
    assert found.service.tags == ("b", "a", "z", "y", "udp")


def test_a_template_that_fails_on_a_container_costs_only_its_tags() -> None:
    subject = container(
        environment=environment("SERVICE_TAGS=a"), attributes={"Id": "x"}
    )

    (found,) = decide(subject, rules(tags=TagTemplate.parse("{{.Config.Image}}")))

    assert found.service is not None
    assert found.service.tags == ("a",)
    assert found.notes == ("-tags adds no tags here: there is no field Config",)


def test_a_template_is_not_run_where_no_service_is() -> None:
    subject = container(environment=environment("SERVICE_IGNORE=1"))

    (found,) = decide(subject, rules(tags=TagTemplate.parse("{{.Nope}}")))

    assert found.notes == ()


def test_a_note_stands_with_the_service_it_is_about() -> None:
    found = decisions("SERVICE_80_WEIGHT=x", published=published(p80=1, p81=2))

    assert [len(each.notes) for each in found] == [1, 0]
