"""URIs of names to follow."""

import pytest

from registrator.errors import ConfigError
from registrator_haproxy.sources.dns.place import read_place

BOUNDS = "min and max are not numbers of seconds from 0.1 to 86400, min the less"


def test_a_resolver_and_a_domain() -> None:
    place = read_place("dns-srv://127.0.0.1:8600,[::1]:53/service.consul")

    assert place.srv
    assert place.servers == (("127.0.0.1", 8600), ("::1", 53))
    assert place.asked("redis") == "redis.service.consul"
    assert (place.least, place.most) == (1, 30)
    assert place.uri == "dns-srv://127.0.0.1:8600,[::1]:53/service.consul"


@pytest.mark.parametrize(
    "uri", ["dns-a:", "dns-a://", "dns-a:///", "dns-a://?min=1", "dns-a:///d.example"]
)
def test_without_a_resolver_it_is_the_hosts_own(uri: str) -> None:
    assert read_place(uri).servers == ()


@pytest.mark.parametrize(
    ("uri", "asked"),
    [
        ("dns-a:///service.consul", "web.service.consul"),
        ("dns-a://", "web"),
        ("dns-a:///service.consul.", "web.service.consul"),
        ("dns-a://?name=db.example", "db.example"),
        ("dns-a:///service.consul?name=db.example", "db.example"),
        ("dns-a://?name=10.0.0.1", "10.0.0.1"),
    ],
)
def test_which_name_is_asked_for(uri: str, asked: str) -> None:
    assert read_place(uri).asked("web") == asked


def test_an_address_is_not_below_a_domain() -> None:
    assert read_place("dns-a:///service.consul").asked("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("query", "least", "most"),
    [("min=60", 60, 60), ("max=0.5", 0.5, 0.5), ("min=2", 2, 30), ("max=9", 1, 9)],
)
def test_one_bound_pushes_the_other(query: str, least: float, most: float) -> None:
    place = read_place(f"dns-a://?{query}")

    assert (place.least, place.most) == (least, most)


def test_without_any_name_none_is_asked_for() -> None:
    assert read_place("dns-a:///service.consul").asked("") == ""


def test_what_instances_have_is_said_by_options() -> None:
    place = read_place(
        "dns-a://10.0.0.1:53?name=db&port=5432&family=4&min=0.5&max=60&label.zone=b"
    )

    assert place.port == 5432
    assert place.families == ("A",)
    assert (place.least, place.most) == (0.5, 60)
    assert place.labels == {"zone": "b"}
    assert place.uri == (
        "dns-a://10.0.0.1:53?name=db&port=5432&family=4&min=0.5&max=60&label.zone=b"
    )


@pytest.mark.parametrize(
    ("uri", "mistakes"),
    [
        ("dns-srv://ns.example:53/d", ["resolver ns.example is not an IP address"]),
        ("dns-srv://10.0.0.1:53/a..b", ["'a..b' is no name that dns can have"]),
        ("dns-a://10.0.0.1:53?name=", ["name is not a name to ask for"]),
        ("dns-srv://10.0.0.1:53?name=10.0.0.1", ["name is not a name to ask for"]),
        ("dns-a://10.0.0.1:53?name=a..b", ["'a..b' is no name that dns can have"]),
        ("dns-a://10.0.0.1:53?port=0", ["port is not a number from 1 to 65535"]),
        ("dns-a://10.0.0.1:53?port=65536", ["port is not a number from 1 to 65535"]),
        ("dns-srv://10.0.0.1:53?port=80", ["port stands in every SRV record"]),
        ("dns-a://10.0.0.1:53?family=5", ["family is not 4 or 6"]),
        (
            "dns-a://10.0.0.1:53?min=9&max=3",
            [BOUNDS],
        ),
        (
            "dns-a://10.0.0.1:53?min=soon&port=x",
            [
                "port is not a number from 1 to 65535",
                BOUNDS,
            ],
        ),
    ],
)
def test_every_mistake_is_told(uri: str, mistakes: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        read_place(uri)

    place = uri.partition("?")[0]
    assert list(error.value.problems) == [f"{place}: {each}" for each in mistakes]


def test_an_option_that_nobody_knows_is_told() -> None:
    with pytest.raises(ConfigError, match="unknown option 'color'"):
        read_place("dns-a://10.0.0.1:53?color=red")
