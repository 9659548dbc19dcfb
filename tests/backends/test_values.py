import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.errors import Rejected
from registrator.fitness import Cause, Finding, Health, Status
from registrator.model import ContainerId, Instance, Service
from registrator_backends.values import (
    LONGEST,
    read_endpoint,
    read_value,
    render_json,
    render_plain,
)
from samples import web


def read(value: bytes) -> Instance | None:
    return read_value(value, key_id="here:web.1:80", key_name="web")


@pytest.mark.parametrize(
    ("address", "value"),
    [("10.0.0.1", b"10.0.0.1:8000"), ("fd00::1", b"[fd00::1]:8000")],
)
def test_a_plain_value_is_what_gliderlabs_wrote(address: str, value: bytes) -> None:
    service = web(address=address)

    assert render_plain(service, "here") == value
    assert read(value) == Instance(
        id="here:web.1:80", name="web", address=address, port=8000
    )


RICH = web(
    tags=("b", "a", "日本"),
    metadata={"version": "2", "a": ""},
    health=Health.UNHEALTHY,
    transport="udp",
    priority=2,
    weight=7,
    container=ContainerId("4fa6e0f0c678" + "0" * 52),
    container_name="web.1",
)


def test_json_holds_the_weight_that_goes_with_the_status() -> None:
    warned = Finding(cause=Cause.CHECK, status=Status.WARNING, output="slow")
    service = web(results=(warned,), weight=10, weight_warning=2)

    assert json.loads(render_json(service, "here"))["weight"] == 2


def test_json_holds_all_that_readers_can_use() -> None:
    assert json.loads(render_json(RICH, "here")) == {
        "id": "here:web.1:80",
        "name": "web",
        "address": "10.0.0.1",
        "port": 8000,
        "transport": "udp",
        "tags": ["b", "a", "日本"],
        "metadata": {"a": "", "version": "2"},
        "status": "critical",
        "priority": 2,
        "weight": 7,
        "node": "here",
        "container": "4fa6e0f0c678",
        "container_name": "web.1",
    }


def test_json_is_read_as_it_was_written() -> None:
    assert read(render_json(RICH, "here")) == Instance(
        id="here:web.1:80",
        name="web",
        address="10.0.0.1",
        port=8000,
        transport="udp",
        tags=("b", "a", "日本"),
        metadata={"version": "2", "a": ""},
        status=Status.CRITICAL,
        priority=2,
        weight=7,
        node="here",
    )


def test_the_order_of_metadata_does_not_change_the_value() -> None:
    turned = replace(RICH, metadata=dict(reversed(list(RICH.metadata.items()))))

    assert render_json(turned, "here") == render_json(RICH, "here")


@pytest.mark.parametrize(
    "service", [web(tags=("\ud800",)), web(metadata={"\udfff": ""})]
)
def test_what_is_no_text_has_no_json(service: Service) -> None:
    with pytest.raises(Rejected, match="no text"):
        render_json(service, "here")


def test_json_that_says_little_is_filled_up_from_the_key() -> None:
    assert read(b' {"address": "db.example", "port": 5432}\n') == Instance(
        id="here:web.1:80", name="web", address="db.example", port=5432
    )


JUNK = {
    "nothing": b"",
    "a word": b"hello",
    "no port": b"10.0.0.1",
    "no address": b":80",
    "a port of words": b"10.0.0.1:http",
    "a port beyond all": b"10.0.0.1:65536",
    "an endless port": b"10.0.0.1:" + b"9" * 5000,
    "digits of another script": "10.0.0.1:٨٠".encode(),
    "an address without brackets": b"fd00::1:80",
    "two words": b"10.0.0.1 x:80",
    "an unseen character": b"10.0.0.1\x00:80",
    "an endless name": b"x" * 300 + b":80",
    "no UTF-8": b"\xff\xfe:80",
    "a value beyond all": b"10.0.0.1:80" + b" " * LONGEST,
    "half an object": b'{"address": "10.0.0.1"',
    "a deep object": b'{"a":' * 100_000,
    "an empty object": b"{}",
    "no address in it": b'{"port": 80}',
    "an empty address": b'{"address": "", "port": 80}',
    "an address that is a number": b'{"address": 1, "port": 80}',
    "a port that is text": b'{"address": "a", "port": "80"}',
    "a port that is true": b'{"address": "a", "port": true}',
    "a port that is negative": b'{"address": "a", "port": -1}',
    "tags that are text": b'{"address": "a", "port": 1, "tags": "x"}',
    "a tag that is a number": b'{"address": "a", "port": 1, "tags": [1]}',
    "a tag of half a character": b'{"address": "a", "port": 1, "tags": ["\\ud800"]}',
    "metadata that is a list": b'{"address": "a", "port": 1, "metadata": []}',
    "a number in the metadata": b'{"address": "a", "port": 1, "metadata": {"a": 1}}',
    "half a character in the metadata": (
        b'{"address": "a", "port": 1, "metadata": {"\\ud800": "x"}}'
    ),
    "an unknown transport": b'{"address": "a", "port": 1, "transport": "dccp"}',
    "a transport that is a list": b'{"address": "a", "port": 1, "transport": []}',
    "an unknown status": b'{"address": "a", "port": 1, "status": "well"}',
    "a status that is a list": b'{"address": "a", "port": 1, "status": []}',
    "a weight beyond all": b'{"address": "a", "port": 1, "weight": 65536}',
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_is_no_instance(junk: bytes) -> None:
    assert read(junk) is None


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: b"{" + b))
def test_whatever_others_wrote_is_read_or_not(value: bytes) -> None:
    found = read(value)

    assert found is None or (found.address and 0 <= found.port < 65536)


@given(
    st.ip_addresses().map(str)
    | st.from_regex(
        r"[a-z0-9]{1,60}(\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])){0,3}", fullmatch=True
    ),
    st.integers(0, 65535),
)
def test_every_endpoint_is_read_again(address: str, port: int) -> None:
    text = render_plain(web(address=address, port=port), "").decode()

    assert read_endpoint(text) == (address, port)
