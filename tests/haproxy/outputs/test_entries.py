"""What an output shows of a service."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.fitness import Status
from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.outputs.entries import Entries, Entry, entries


def instance(number: int, **fields: Any) -> Instance:
    usual = {"name": "web", "address": f"10.0.0.{number}", "port": 80}
    return Instance(**{"id": f"h:{number}", **usual, **fields})


def shown(*instances: Instance, **service: Any) -> Entries:
    found = Configuration.model_validate({"services": {"web": service}})
    return entries("web", found.services["web"], instances)


def places(*instances: Instance, **service: Any) -> list[str]:
    return [each.place for each in shown(*instances, **service).entries]


def test_an_instance_is_shown_with_all_that_it_says() -> None:
    one = instance(
        1,
        node="h2",
        container="web.1",
        tags=("a", "b"),
        metadata={"z": "1", "a": "2"},
        weight=7,
        status=Status.WARNING,
    )

    [entry] = shown(one).entries

    assert entry == Entry(
        id="h:1",
        name="web",
        address="10.0.0.1",
        port=80,
        node="h2",
        container="web.1",
        tags=("a", "b"),
        metadata={"a": "2", "z": "1"},
        weight=7,
        status="warning",
    )
    assert list(entry.metadata) == ["a", "z"]


def test_the_order_in_which_a_registry_tells_does_not_count() -> None:
    some = [instance(number) for number in (3, 1, 2)]

    assert shown(*some) == shown(*reversed(some))
    assert places(*some) == ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"]


def test_one_place_is_one_entry() -> None:
    assert len(shown(instance(1), instance(1, id="again")).entries) == 1


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ({}, ["10.0.0.1:80", "10.0.0.2:80"]),
        ({"port": 9100}, ["10.0.0.1:9100", "10.0.0.2:9100"]),
        ({"filters": [{"label": "zone", "value": "eu"}]}, ["10.0.0.2:80"]),
        (
            {"filters": [{"label": "zone", "value": "us"}], "servers": "fixed"},
            ["fd00::9:81"],
        ),
        ({"servers": "fixed"}, ["10.0.0.1:80", "10.0.0.2:80"]),
        (
            {"servers": "fixed", "keep-servers": True},
            ["10.0.0.1:80", "10.0.0.2:80", "fd00::9:81"],
        ),
    ],
)
def test_the_settings_of_a_service_count(
    service: dict[str, Any], found: list[str]
) -> None:
    if "servers" in service:
        service = {**service, "servers": [{"host": "fd00::9", "port": 81}]}
    both = instance(1), instance(2, metadata={"zone": "eu"})

    bracketed = [each.replace("fd00::9:", "[fd00::9]:") for each in found]
    assert places(*both, **service) == bracketed


@pytest.mark.parametrize(
    ("address", "literal"), [("10.0.0.1", True), ("fd00::1", True), ("1.db", False)]
)
def test_an_entry_says_whether_its_address_is_one(address: str, literal: bool) -> None:
    [entry] = shown(instance(1, address=address)).entries

    assert entry.literal is literal


def test_a_fixed_server_says_that_it_is_one() -> None:
    fixed = [{"host": "db", "port": 1, "name": "n"}]
    [entry] = shown(servers=fixed).entries

    assert (entry.fixed, entry.node, entry.name) == (True, "n", "web")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"address": "10.0.0.1;"}, "'h:1': address '10.0.0.1;': has a character"),
        ({"port": 0}, "'h:1': port 0: not within 1 and 65535"),
    ],
)
def test_an_instance_without_a_place_is_left_out_and_named(
    fields: dict[str, Any], why: str
) -> None:
    found = shown(instance(1, **fields))

    assert found.entries == ()
    assert found.left_out[0].startswith(why)


def test_what_is_not_printable_is_left_out_and_named() -> None:
    odd = instance(
        1,
        id="a\nb",
        node="n\x1b",
        tags=("good", "b\rd"),
        metadata={"k\n": "v", "k": "v\0", "fine": 'a;b"$'},
    )

    found = shown(odd)

    [entry] = found.entries
    assert (entry.id, entry.node, entry.tags) == ("", "", ("good",))
    assert entry.metadata == {"fine": 'a;b"$'}
    assert len(found.left_out) == 5
    assert all(each.isprintable() for each in found.left_out)
    assert "its node is not printable" in "".join(found.left_out)


@given(st.text(), st.text(), st.text(), st.text(), st.integers())
def test_nothing_that_is_shown_can_end_a_line(
    text: str, key: str, value: str, address: str, port: int
) -> None:
    hostile = instance(
        1,
        id=text,
        name=text,
        node=text,
        container=text,
        tags=(text,),
        metadata={key: value},
        address=address,
        port=port,
    )
    found = shown(hostile, instance(2, node=text, metadata={key: value}))

    assert found.entries
    for each in found.entries:
        texts = [each.id, each.name, each.node, each.container, each.address]
        said = "".join([*texts, *each.tags, *each.metadata, *each.metadata.values()])
        assert said.isprintable()
    assert all(each.isprintable() for each in found.left_out)
