"""The JSON that synapse's file_output writes."""

import json
from typing import Any

import pytest

from registrator_haproxy.outputs.entries import Entry
from registrator_haproxy.outputs.synapse_json import synapse_json


def written(**fields: Any) -> dict[str, Any]:
    usual = {"id": "i-1", "name": "web", "address": "10.0.0.1", "port": 80}
    [found] = json.loads(synapse_json([Entry(**{**usual, "metadata": {}, **fields})]))
    return dict(found)


def test_an_entry_has_the_keys_of_synapse() -> None:
    said = {"haproxy_server_options": "backup", "zone": "eu"}

    assert written(id="i-1_0000000005", node="i-1", weight=3, metadata=said) == {
        "name": "i-1",
        "host": "10.0.0.1",
        "port": 80,
        "id": 5,
        "weight": 3,
        "haproxy_server_options": "backup",
        "labels": {"zone": "eu"},
    }


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        ({}, "name", None),
        ({"container": "web.1"}, "name", "web.1"),
        ({}, "id", None),
        ({"id": "x_\u0661"}, "id", None),
        ({}, "weight", 1),
        ({"fixed": True}, "weight", None),
        ({}, "haproxy_server_options", None),
        ({}, "labels", {}),
    ],
)
def test_what_is_not_known_is_null(
    fields: dict[str, Any], key: str, value: object
) -> None:
    assert written(**fields)[key] == value


def test_no_entries_are_an_empty_list() -> None:
    assert synapse_json([]) == "[]\n"
