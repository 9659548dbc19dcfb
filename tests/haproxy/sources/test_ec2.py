"""EC2: real boto3, against a server that speaks EC2's query API as it is documented."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import pytest

from following import following
from http_answers import Answer, Asked, Fault, HttpAnswers, answering
from registrator import stores
from registrator.errors import ConfigError
from registrator.readable import Readable, Site
from registrator_haproxy.sources.ec2_api import read_instances

SITE = Site(node="here")
XMLNS = "http://ec2.amazonaws.com/doc/2016-11-15/"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what boto3 looks for, and none of this machine's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such")


def instance(number: int, value: str = "web", address: str | None = None) -> str:
    address = f"10.0.0.{number}" if address is None else address
    return (
        f"<item><reservationId>r-{number}</reservationId><instancesSet><item>"
        f"<instanceId>i-{number}</instanceId>"
        "<instanceState><code>16</code><name>running</name></instanceState>"
        f"<privateDnsName>ip-10-0-0-{number}.internal</privateDnsName>"
        f"<privateIpAddress>{address}</privateIpAddress>"
        "<placement><availabilityZone>eu-west-1a</availabilityZone></placement>"
        f"<tagSet><item><key>Role</key><value>{escape(value)}</value></item></tagSet>"
        "</item></instancesSet></item>"
    )


def says(*instances: str, more: str = "") -> Answer:
    token = f"<nextToken>{more}</nextToken>" if more else ""
    return 200, (
        f'<?xml version="1.0"?><DescribeInstancesResponse xmlns="{XMLNS}">'
        f"<requestId>x</requestId><reservationSet>{''.join(instances)}"
        f"</reservationSet>{token}</DescribeInstancesResponse>"
    ).encode()


def refuses(status: int, code: str) -> Answer:
    return status, (
        f"<Response><Errors><Error><Code>{code}</Code><Message>it is so</Message>"
        "</Error></Errors><RequestID>x</RequestID></Response>"
    ).encode()


def form(asked: Asked) -> Mapping[str, str]:
    return {key: each[0] for key, each in parse_qs(asked.body.decode()).items()}


def filters(asked: Asked) -> dict[str, str]:
    said = form(asked)
    return {
        said[f"Filter.{number}.Name"]: said[f"Filter.{number}.Value.1"]
        for number in range(1, 10)
        if f"Filter.{number}.Name" in said
    }


def source(server: HttpAnswers, tag: str = "Role", more: str = "") -> Readable:
    endpoint = f"endpoint=http://{server.place}"
    return stores.readable(f"ec2://eu-west-1/{tag}?poll=0.05&{endpoint}{more}", SITE)


async def test_instances_with_the_tag_are_followed() -> None:
    said = {"": says(instance(1))}
    async with (
        answering(lambda _: said[""]) as ec2,
        source(ec2, more="&port=8080") as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids == ["i-1"], "the one")
        [found] = seen.instances
        assert (found.name, found.address, found.port) == ("web", "10.0.0.1", 8080)
        assert found.node == "ip-10-0-0-1.internal"
        assert found.metadata == {"Role": "web", "availability-zone": "eu-west-1a"}
        said[""] = says(instance(1), instance(2))
        await seen.until(lambda: seen.ids == ["i-1", "i-2"], "both")
        said[""] = says()
        await seen.until(lambda: seen.ids == [], "none")

    asked = ec2.requests[0]
    assert form(asked)["Action"] == "DescribeInstances"
    assert filters(asked) == {"instance-state-name": "running", "tag:Role": "web"}
    assert "AKIDEXAMPLE" in asked.headers["authorization"]


async def test_all_pages_are_one_reading() -> None:
    def answer(asked: Asked) -> Answer:
        at = int(form(asked).get("NextToken", "0"))
        return says(instance(at + 1), more=str(at + 1) if at < 4 else "")

    async with (
        answering(answer) as ec2,
        source(ec2) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: len(seen.ids) == 5, "all of them at once")


@pytest.mark.parametrize(
    ("tag", "more", "name", "wanted"),
    [
        ("Role", "&value=api", "web", {"tag:Role": "api"}),
        ("Role", "", "w*b?", {"tag:Role": r"w\*b\?"}),
        ("aws%3Aautoscaling/x", "", "web", {"tag:aws:autoscaling/x": "web"}),
        ("Role", "", "", {"tag-key": "Role"}),
    ],
)
async def test_the_tag_is_asked_for_as_it_is(
    tag: str, more: str, name: str, wanted: dict[str, str]
) -> None:
    async with (
        answering(lambda _: says(instance(1, "api"))) as ec2,
        source(ec2, tag, more) as opened,
        following(opened, name) as seen,
    ):
        await seen.until(lambda: seen.ids, "it is there")
        assert seen.instances[0].name == (name or "api")

    assert filters(ec2.requests[0]) == {"instance-state-name": "running", **wanted}


async def test_the_variable_says_where_ec2_is() -> None:
    async with answering(lambda _: says(instance(1))) as ec2:
        place = {"AWS_ENDPOINT_URL_EC2": f"http://{ec2.place}"}
        site = Site(node="here", environment=place)
        async with (
            stores.readable("ec2://eu-west-1/Role", site) as opened,
            following(opened, "web") as seen,
        ):
            await seen.until(lambda: seen.ids, "it is there")
            assert opened.uri == "ec2://eu-west-1/Role"


@pytest.mark.parametrize("fault", ["junk", "half", "close"])
async def test_a_fault_leaves_what_was_read(fault: Fault) -> None:
    async with (
        answering(lambda _: says(instance(1))) as ec2,
        source(ec2) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids, "it is there")
        ec2.fault = fault
        assert (await seen.doubted()).startswith(f"ec2 http://{ec2.place}: ")
        assert seen.ids == ["i-1"]
        ec2.fault = ""
        await seen.until(lambda: seen.current, "it answers again")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"<html>"), "Unable to parse response"),
        ((200, b"<html/>"), "the answer has no list of instances"),
        ((500, b"oops"), "Unable to parse response"),
        (refuses(503, "RequestLimitExceeded"), "RequestLimitExceeded"),
        (refuses(403, "UnauthorizedOperation"), "UnauthorizedOperation"),
    ],
)
async def test_nonsense_and_refusals_are_said(answer: Answer, why: str) -> None:
    async with (
        answering(lambda _: answer) as ec2,
        source(ec2) as opened,
        following(opened, "web") as seen,
    ):
        error = await seen.doubted()

    assert why in error
    assert "geheim" not in error


async def test_a_page_that_fails_is_not_a_part() -> None:
    def answer(asked: Asked) -> Answer:
        if "NextToken" in form(asked):
            return 500, b"oops"
        return says(instance(1), more="2")

    async with (
        answering(answer) as ec2,
        source(ec2) as opened,
        following(opened, "web") as seen,
    ):
        await seen.doubted()
        assert seen.ids == []


async def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    async with (
        answering(lambda _: says()) as ec2,
        source(ec2) as opened,
        following(opened, "web") as seen,
    ):
        assert "credentials" in await seen.doubted()


def test_what_is_no_instance_is_counted() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"InstanceId": "i-1"},
        {"InstanceId": "i-1", "PrivateIpAddress": "a b"},
    ]
    whole = {"InstanceId": "i-2", "PrivateIpAddress": "10.0.0.2"}

    found = read_instances([*odd, whole], tag="Role", name="", port=0)

    assert found.skipped == 3
    [read] = found.instances.values()
    assert (read.name, read.port, read.metadata) == ("", 0, {})


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("ec2://eu-west-1", "not ec2://REGION/TAG"),
        ("ec2:///Role", "not ec2://REGION/TAG"),
        ("ec2://EU/Role", "not ec2://REGION/TAG"),
        ("ec2://eu-west-1/Role?port=0", "port is not a number from 1 to 65535"),
        ("ec2://eu-west-1/Role?poll=never", "poll is not a number of seconds"),
        ("ec2://eu-west-1/Role?endpoint=http://u:geheim@h", "the endpoint is not"),
        ("ec2://eu-west-1/Role?x=geheim", "unknown option 'x'"),
    ],
)
def test_what_names_no_tag_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        stores.readable(uri, SITE)

    assert "geheim" not in str(refused.value)


@contextmanager
def without_boto3() -> Iterator[None]:
    kept = sys.modules.pop("boto3", None)
    sys.modules["boto3"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["boto3"]
        if kept is not None:
            sys.modules["boto3"] = kept


def test_the_extra_to_install_is_named() -> None:
    with (
        without_boto3(),
        pytest.raises(ConfigError, match=r"install registrator\[ec2\]"),
    ):
        stores.readable("ec2://eu-west-1/Role", SITE)
