"""Where synapse finds instances, said in our words."""

from typing import Any

import pytest

from registrator import stores
from registrator.readable import Site
from registrator_haproxy.configuration.discovery import discovered

ZOOKEEPER = {"method": "zookeeper", "hosts": ["z:2181"], "path": "/smart/web"}
MARATHON = {
    "method": "marathon",
    "marathon_api_url": "http://m:8080",
    "application_name": "team/web",
}
EC2 = {
    "method": "ec2tag",
    "tag_name": "aws:role",
    "tag_value": "web",
    "aws_region": "eu-west-1",
}
IN_ZOOKEEPER = "zookeeper://z:2181/smart?format=nerve"
IN_MARATHON = "marathon://m:8080?app=team%2Fweb&port-index=0&poll=10"
IN_EC2 = "ec2://eu-west-1/aws%3Arole?value=web&poll=15"


def read(**discovery: Any) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    found = dict(discovered("services.a", discovery, notes.append))
    return found, [each.removeprefix("services.a.discovery.") for each in notes]


def several(
    resolver: dict[str, Any] | None = None, **watchers: Any
) -> tuple[dict[str, Any], list[str]]:
    return read(
        method="multi", watchers=watchers, resolver=resolver or {"method": "union"}
    )


@pytest.mark.parametrize(
    ("discovery", "source"),
    [
        (ZOOKEEPER, IN_ZOOKEEPER),
        (MARATHON, IN_MARATHON),
        (EC2, IN_EC2),
        (
            {
                **MARATHON,
                "marathon_api_url": "https://u:p@m.example.com/",
                "marathon_api_path": "/service/m/v2/apps/%{app}/tasks",
                "port_index": 1,
                "check_interval": 5,
            },
            (
                "marathon-tls://u:p@m.example.com:443/service/m"
                "?app=team%2Fweb&port-index=1&poll=5"
            ),
        ),
        (
            {
                "method": "docker",
                "servers": [{"name": "d1", "host": "d1.example"}],
                "image_name": "host:5000/me/web",
                "container_port": 8080,
                "check_interval": 15,
            },
            "docker://d1.example:4243?image=host%3A5000%2Fme%2Fweb&port=8080",
        ),
        (
            {
                "method": "dns",
                "servers": [{"host": "web.example", "port": 80, "labels": {"az": "b"}}],
                "nameserver": "fd00::1",
                "check_interval": 5,
            },
            "dns-a://[fd00::1]?name=web.example&port=80&max=5&label.az=b",
        ),
        (
            {**MARATHON, "marathon_api_url": "http://[::1]"},
            "marathon://[::1]:80?app=team%2Fweb&port-index=0&poll=10",
        ),
    ],
)
def test_a_method_is_an_address(discovery: dict[str, Any], source: str) -> None:
    found, notes = read(**discovery)

    assert (found["from"], notes) == (source, [])
    stores.readable(source, Site(node="here"))


@pytest.mark.parametrize("method", ["stub", "base"])
def test_no_method_is_no_address(method: str) -> None:
    assert read(method=method) == ({"filters": []}, [])


@pytest.mark.parametrize(
    ("discovery", "note"),
    [
        ({"method": "odd"}, "method: odd is not known here: no servers"),
        ({"method": "stub", "odd": 1}, "odd: is not known here"),
        ({**ZOOKEEPER, "odd": 1}, "odd: is not known here"),
        (
            {**MARATHON, "marathon_api_path": "/x"},
            (
                "marathon_api_path: does not end in /v2/apps/%{app}/tasks: that is"
                " asked for"
            ),
        ),
        (
            {**MARATHON, "marathon_api_url": "m:8080"},
            "marathon_api_url: is not http(s)://host:port: no servers",
        ),
        (
            {**MARATHON, "marathon_api_url": "http://m:x"},
            "marathon_api_url: is not http(s)://host:port: no servers",
        ),
        ({**EC2, "aws_region": ""}, "aws_region: must be said here: no servers"),
        (
            {**EC2, "aws_secret_access_key": "geheim"},
            (
                "aws_secret_access_key: is read from the variable"
                " AWS_SECRET_ACCESS_KEY, not from here"
            ),
        ),
    ],
)
def test_what_is_not_honoured_is_named(discovery: dict[str, Any], note: str) -> None:
    found, notes = read(**discovery)

    assert notes == [note]
    assert "geheim" not in str(found)


def test_a_union_is_all_of_them_together() -> None:
    found, notes = several(a=ZOOKEEPER, b=MARATHON, c=EC2, d={"method": "stub"})

    assert found == {
        "from": [IN_ZOOKEEPER, IN_MARATHON, IN_EC2],
        "choose": "together",
        "name": "web",
        "filters": [],
    }
    assert notes == []


def test_a_sequence_is_the_first_that_has_any() -> None:
    order = {"method": "sequential", "sequential_order": ["b", "a", "x"]}

    found, notes = several(order, a=ZOOKEEPER, b=MARATHON, c=EC2)

    assert (found["from"], found["choose"]) == ([IN_MARATHON, IN_ZOOKEEPER], "first")
    assert notes == [
        "resolver.sequential_order: c is not on both sides: it is not used",
        "resolver.sequential_order: x is not on both sides: it is not used",
    ]


def test_a_resolver_that_shows_nothing_is_named() -> None:
    found, notes = several({"method": "base"}, a=MARATHON)

    assert (found["from"], found["choose"]) == ([IN_MARATHON], "together")
    assert notes == [
        "resolver.method: base shows nothing there: all watchers serve together"
    ]


def test_a_toggle_is_named_and_the_first_serves() -> None:
    toggle = {"method": "s3_toggle", "s3_url": "s3://b/k"}

    found, notes = several(toggle, a=ZOOKEEPER, b=MARATHON)

    assert (found["from"], found["choose"]) == ([IN_ZOOKEEPER, IN_MARATHON], "first")
    assert notes == [
        "resolver.s3_url: is not known here",
        (
            "resolver.method: s3_toggle is not known here: the first watcher in their"
            " order that has any instances serves"
        ),
    ]


def test_a_second_name_is_named_and_left_out() -> None:
    other = {**ZOOKEEPER, "path": "/smart/api"}

    found, notes = several(a=ZOOKEEPER, b=other, c={**ZOOKEEPER, "hosts": ["y"]})

    same = "zookeeper://y/smart?format=nerve"
    assert (found["from"], found["name"]) == ([IN_ZOOKEEPER, same], "web")
    assert notes == [
        (
            "watchers.b: a service has one name in all of its registries, here web"
            " already: it is left out"
        )
    ]


def test_filters_of_all_watchers_are_the_services() -> None:
    one = [{"label": "az", "value": "a", "condition": "equals"}]
    with_it = {**ZOOKEEPER, "label_filters": one}
    alike = {**MARATHON, "label_filter": one[0]}

    found, notes = several(a=with_it, b=alike)
    assert (found["filters"], notes) == (one, [])

    found, notes = several(a=with_it, b=MARATHON)
    assert found["filters"] == []
    assert notes == [
        (
            "watchers.a: label filters are the whole service's here, and these not"
            " every watcher's: they are left out"
        )
    ]


def test_no_watchers_are_no_address() -> None:
    found, notes = read(method="multi", resolver={"method": "union"}, odd=1)

    assert (found["from"], notes) == ([], ["odd: is not known here"])


def test_every_server_of_docker_and_of_dns_is_a_source_of_its_own() -> None:
    docker, _ = read(
        method="docker",
        servers=[{"host": "fd00::1", "port": 2375}, {"host": "10.0.0.2"}],
        image_name="web",
        container_port=80,
    )
    names, notes = read(
        method="dns", servers=[{"host": "a.example"}, {"host": "10.0.0.1", "port": 81}]
    )

    assert docker["from"] == [
        "docker://[fd00::1]:2375?image=web&port=80",
        "docker://10.0.0.2:4243?image=web&port=80",
    ]
    assert names["from"] == [
        "dns-a://?name=a.example&max=30",
        "dns-a://?name=10.0.0.1&port=81&max=30",
    ]
    assert notes == []
    for uri in (*docker["from"], *names["from"]):
        stores.readable(uri, Site(node="here"))


def test_a_server_that_cannot_be_read_is_named() -> None:
    found, notes = read(
        method="dns",
        servers=[{"name": "x"}, {"host": "a.example", "weight": 3}],
        resolver="y",
    )

    assert found["from"] == "dns-a://?name=a.example&max=30"
    assert notes == [
        "resolver: is not known here",
        "servers.0.host: must be said: it is left out",
        "servers.1.weight: is not known here",
    ]


def test_names_of_zookeeper_that_dns_would_have_to_know_are_told() -> None:
    found, notes = read(method="zookeeper_dns", hosts=["z:2181"], path="/web")

    assert "from" not in found
    assert notes == ["method: zookeeper_dns is not known here: no servers"]
