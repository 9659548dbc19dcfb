"""A whole configuration of nerve's, in our words."""

from typing import Any

import pytest

from registrator.check import Check
from registrator.errors import ConfigError
from registrator.model import ContainerId, Service, ServiceId
from registrator.nerve.translate import Nerve, translate

# The example of nerve's documentation.
EXAMPLE: dict[str, Any] = {
    "instance_id": "mymachine",
    "services": {
        "your_http_service": {
            "host": "1.2.3.4",
            "port": 3000,
            "reporter_type": "zookeeper",
            "zk_hosts": ["localhost:2181"],
            "zk_path": "/nerve/services/your_http_service/services",
            "check_interval": 2,
            "checks": [
                {
                    "type": "http",
                    "uri": "/health",
                    "timeout": 0.2,
                    "rise": 3,
                    "fall": 2,
                }
            ],
            "haproxy_server_options": "weight 10",
        },
    },
}
ZK = {"host": "10.0.0.1", "port": 1, "zk_hosts": ["zk:2181"], "zk_path": "/a/b"}


def of(top: dict[str, Any] | None = None, **said: Any) -> Nerve:
    services = {"web": {**ZK, **said}}
    return translate({"instance_id": "i", "services": services, **(top or {})})


def test_the_example_of_the_documentation() -> None:
    found = translate(EXAMPLE)

    registry = "zookeeper://localhost:2181/?format=nerve&paths&instance=mymachine"
    assert found == Nerve(
        services={
            "your_http_service": Service(
                id=ServiceId("nerve:your_http_service:3000"),
                name="your_http_service",
                address="1.2.3.4",
                port=3000,
                metadata={"haproxy_server_options": "weight 10"},
                checks=(
                    Check(
                        kind="http",
                        target="http://1.2.3.4:3000/health",
                        interval=2.0,
                        timeout=0.4,
                        method="GET",
                        statuses=((200, 399),),
                        rise=3,
                        fall=2,
                    ),
                ),
                container=ContainerId("nerve:your_http_service"),
                container_name="nerve:your_http_service",
                registry=registry,
                path="/nerve/services/your_http_service/services",
            )
        }
    )
    assert found.registries == (registry,)


def test_labels_and_weight_are_kept() -> None:
    found = of(weight="7", labels={"AZ": "us-east-1a", "n": 1}).services["web"]

    assert found.weight == 7
    assert found.metadata == {"AZ": "us-east-1a", "n": "1"}


def test_etcd_calls_a_service_by_the_end_of_its_path() -> None:
    found = of(reporter_type="etcd", etcd_host="e", etcd_path="/services/shop")

    assert found.services["web"].name == "shop"


def test_a_service_without_checks_has_none() -> None:
    assert of().services["web"].checks == ()
    assert of(check_mocked=True, checks=[{"type": "tcp"}]).services["web"].checks == ()


@pytest.mark.parametrize(
    ("said", "note"),
    [
        pytest.param(
            {"rate_limiting": {"shadow_mode": True}},
            "services.web.rate_limiting: reports are not limited; a service that flaps"
            " is held down",
            id="rate",
        ),
        pytest.param(
            {"load_test_concurrency": 5},
            "services.web.load_test_concurrency: it is registered once",
            id="load",
        ),
        pytest.param(
            {"check_mocked": True},
            "services.web.check_mocked: its checks are not made, and it always passes",
            id="mocked",
        ),
        pytest.param(
            {"check_interval": 1e-9},
            "services.web.check_interval: 0.1 s, which is the least here",
            id="without a pause",
        ),
        pytest.param({"x": 1}, "services.web.x: is not known here", id="unknown"),
        pytest.param(
            {"labels": {"haproxy_server_options": "x"}},
            "services.web.labels.haproxy_server_options: it stands beside labels; left"
            " out",
            id="options as a label",
        ),
    ],
)
def test_what_a_service_says_in_vain_is_named(said: dict[str, Any], note: str) -> None:
    found = of(**said)

    assert found.notes == (note,)
    assert found.services.keys() == {"web"}


@pytest.mark.parametrize("said", [{"check_mocked": False}, {"rate_limiting": None}])
def test_what_says_nothing_is_not_named(said: dict[str, Any]) -> None:
    assert of(**said).notes == ()


@pytest.mark.parametrize(
    ("top", "note"),
    [
        pytest.param({"statsd": {}}, "statsd: figures are not sent to statsd", id="d"),
        pytest.param(
            {"max_repeated_report_failures": 10},
            "max_repeated_report_failures: a report that failed is tried until it"
            " succeeds",
            id="failures",
        ),
        pytest.param(
            {"instance_id": None},
            "instance_id: not given, so that the node's name stands for it",
            id="instance",
        ),
        pytest.param({"x": 1}, "x: is not known here", id="unknown"),
    ],
)
def test_what_the_whole_says_in_vain_is_named(top: dict[str, Any], note: str) -> None:
    assert of(top).notes == (note,)


def test_other_files_are_for_others_to_look_at() -> None:
    found = of({"heartbeat_path": "/run/beat", "service_conf_dir": "/etc/nerve.d"})

    assert (found.heartbeat, found.directory) == ("/run/beat", "/etc/nerve.d")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"port": None}, "port is no number from 1 to 65535", id="port"),
        pytest.param({"host": "web.example"}, "'web.example'", id="a name"),
        pytest.param({"host": "0.0.0.0"}, "no address to connect to", id="wildcard"),
        pytest.param(
            {"weight": -1}, "weight is no number from 0 to 65535", id="weight"
        ),
        pytest.param({"labels": []}, "labels is no table", id="labels"),
        pytest.param({"labels": {"a": "\n"}}, "labels.a is no line", id="a label"),
        pytest.param({"checks": [{"type": "rabbitmq"}]}, "'rabbitmq'", id="check"),
        pytest.param({"check_interval": 0}, "check_interval is no time", id="interval"),
        pytest.param({"haproxy_server_options": "a\nb"}, "is no line", id="options"),
    ],
)
def test_a_service_that_cannot_be_reported_is_left_out_alone(
    said: dict[str, Any], why: str
) -> None:
    found = translate(
        {"instance_id": "i", "services": {"web": {**ZK, **said}, "other": ZK}}
    )

    [note] = found.notes
    assert why in note
    assert note.endswith("services.web is left out")
    assert found.services.keys() == {"other"}


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "a\u202e", "a" * 256])
def test_a_name_that_makes_no_id_is_left_out(name: str) -> None:
    assert translate({"instance_id": "i", "services": {name: ZK}}).services == {}


@pytest.mark.parametrize(
    "said", [[], {"services": []}, {"instance_id": "a\n"}, {"heartbeat_path": 1}]
)
def test_what_is_no_configuration_is_refused(said: Any) -> None:
    with pytest.raises(ConfigError):
        translate(said)


def test_nothing_describes_nothing() -> None:
    assert translate(None).services == {}
