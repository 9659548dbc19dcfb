import pytest

from labels.making import decisions, notes, published, refusal, service
from registrator.fitness import Health, Status
from registrator.model import State


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (), id="none"),
        pytest.param("a,b", ("a", "b"), id="in written order"),
        pytest.param(r"a,b\,c,,d , e", ("a", "b,c", "d ", " e"), id="commas, spaces"),
        pytest.param("a,a", ("a", "a"), id="twice stays twice"),
        pytest.param("{{.ID}}", ("{{.ID}}",), id="no template"),
    ],
)
def test_service_tags_are_tags(text: str, expected: tuple[str, ...]) -> None:
    assert service(f"SERVICE_TAGS={text}").tags == expected


def test_tags_of_a_port_replace_those_for_all() -> None:
    assert service("SERVICE_TAGS=all", "SERVICE_80_TAGS=port").tags == ("port",)


def test_udp_is_the_last_tag() -> None:
    found = service("SERVICE_TAGS=a", exposed=(), published=published(p53_udp=53))

    assert (found.tags, found.transport) == (("a", "udp"), "udp")


def test_metadata_is_what_has_no_other_meaning() -> None:
    found = service(
        "SERVICE_REGION=us2",
        "SERVICE_80_ZONE=b",
        "SERVICE_WEIGHT=5",
        "SERVICE_PRIORITY=2",
        "SERVICE_WEIGHT_WARNING=3",
        "SERVICE_ID=x",
        "SERVICE_NAME=x",
        "SERVICE_TAGS=x",
        "SERVICE_IGNORE=false",
        "SERVICE_NETWORK=bridge",
        "SERVICE_PORTS=80",
        "SERVICE_IP_VERSION=4",
        "SERVICE_CHECK_TCP=1",
        "SERVICE_HEALTH=required",
        "SERVICE_DRAIN=10s",
        "SERVICE_TAGGED_ADDRESS_WAN=1.2.3.4",
        "SERVICE_ENABLE_TAG_OVERRIDE=true",
    )

    assert found.metadata == {
        "region": "us2",
        "zone": "b",
        "weight": "5",
        "priority": "2",
    }


def test_weights_and_priority_are_numbers() -> None:
    found = service(
        "SERVICE_WEIGHT=5", "SERVICE_PRIORITY=0", "SERVICE_WEIGHT_WARNING=65535"
    )

    assert (found.weight, found.priority, found.weight_warning) == (5, 0, 65535)


@pytest.mark.parametrize(
    "text",
    ["WEIGHT=heavy", "WEIGHT=0", "PRIORITY=-1", "WEIGHT_WARNING=65536", "WEIGHT=٣"],
)
def test_a_weight_that_is_no_number_counts_as_one(text: str) -> None:
    found = service(f"SERVICE_{text}")

    assert (found.weight, found.priority, found.weight_warning) == (1, 1, 1)
    assert "is no number from" in notes(f"SERVICE_{text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.9", ("10.0.0.9", 8000)),
        ("10.0.0.9:81", ("10.0.0.9", 81)),
        ("fd00::9", ("fd00::9", 8000)),
        ("[fd00::9]", ("fd00::9", 8000)),
        ("[fd00::9]:81", ("fd00::9", 81)),
    ],
)
def test_a_tagged_address_is_read(text: str, expected: tuple[str, int]) -> None:
    found = service(f"SERVICE_TAGGED_ADDRESS_WAN={text}")

    assert found.tagged_addresses == {"wan": expected}


def test_an_empty_tagged_address_is_none() -> None:
    assert service("SERVICE_TAGGED_ADDRESS_WAN=").tagged_addresses == {}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["TAGGED_ADDRESS_WAN=example.com"], "'example.com' is not an IP address"),
        (["TAGGED_ADDRESS_WAN=0.0.0.0"], "'0.0.0.0' is no address to connect to"),
        (["TAGGED_ADDRESS_WAN=10.0.0.1:0"], "0 is not a port"),
        (["TAGGED_ADDRESS_WAN=10.0.0.1:x"], "'10.0.0.1:x' is not an IP address"),
        (["TAGGED_ADDRESS_A.B=10.0.0.1"], "'a.b' is no name for a tagged address"),
        (["TAGGED_ADDRESS_=10.0.0.1"], "'' is no name for a tagged address"),
        (["NAME=a b"], "the service name 'a b' is not made of"),
        (["NAME=../../x"], "the service name '../../x'"),
        (["NAME=a\nb"], r"the service name 'a\nb'"),
        (["NAME=" + "x" * 10_000], "(10000 long)"),
        (["ID=a/b"], "the service id 'a/b'"),
        (["TAGS=a,b\0"], r"the tag 'b\x00' is not printable"),
        (["X=" + "x" * 10_000], "the metadata x is not printable or longer than 512"),
        (["=z"], "the metadata key ''"),
        (["A.B=z"], "the metadata key 'a.b'"),
    ],
)
def test_what_no_store_could_keep_is_refused(texts: list[str], reason: str) -> None:
    assert reason in refusal(*(f"SERVICE_{text}" for text in texts))


def test_the_name_is_judged_with_its_suffix() -> None:
    name = f"SERVICE_NAME={'x' * 60}"
    two = {"exposed": (), "published": published(p8080=8080, p80=80)}

    long, short = decisions(name, **two)[::-1]

    assert (long.rule, short.rule) == ("refused", "published")


def test_tag_override_is_a_switch() -> None:
    assert service("SERVICE_ENABLE_TAG_OVERRIDE=true").enable_tag_override
    assert not service("SERVICE_ENABLE_TAG_OVERRIDE=false").enable_tag_override


@pytest.mark.parametrize(
    ("state", "health", "status"),
    [
        (State.RUNNING, Health.NONE, Status.PASSING),
        (State.RUNNING, Health.UNHEALTHY, Status.CRITICAL),
        (State.PAUSED, Health.HEALTHY, Status.CRITICAL),
    ],
)
def test_a_service_is_as_fit_as_its_container(
    state: State, health: Health, status: Status
) -> None:
    assert service(state=state, health=health).status == status


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([], (False, 0.0), id="nothing said"),
        pytest.param(["HEALTH=", "DRAIN="], (False, 0.0), id="nothing"),
        pytest.param(["HEALTH=Required", "DRAIN=1m"], (True, 60.0), id="both"),
        pytest.param(["80_DRAIN=2.5", "DRAIN=1m"], (False, 2.5), id="for one port"),
        pytest.param(["DRAIN=24h"], (False, 86400.0), id="a day"),
    ],
)
def test_a_service_may_need_health_and_time_to_leave(
    texts: list[str], expected: tuple[bool, float]
) -> None:
    found = service(*(f"SERVICE_{text}" for text in texts))

    assert (found.health_required, found.drain) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("HEALTH=optional", "health is required or nothing, not 'optional'"),
        ("HEALTH=true", "health is required or nothing, not 'true'"),
        ("DRAIN=soon", "drain is no duration such as 10s, at most 24h: 'soon'"),
        ("DRAIN=25h", "drain is no duration such as 10s, at most 24h: '25h'"),
        ("DRAIN=-1", "drain is no duration"),
    ],
)
def test_other_words_for_health_and_drain_are_refused(text: str, reason: str) -> None:
    assert reason in refusal(f"SERVICE_{text}")
