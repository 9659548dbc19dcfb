"""Targets for Prometheus."""

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registrator_haproxy.outputs.entries import Entry
from registrator_haproxy.outputs.file_sd import file_sd


def entry(**fields: Any) -> Entry:
    usual = {"id": "h:1", "name": "web", "address": "10.0.0.1", "port": 80}
    return Entry(**{**usual, "metadata": {}, **fields})


def test_services_are_the_targets_that_are_kept_here() -> None:
    said = {"zone": "eu", "a-b": "1", "a.b": "2"}
    text = file_sd(
        {
            "web": [
                entry(node="h1", tags=("a", "metrics"), metadata=said),
                entry(id="h:2", address="fd00::1"),
            ],
            "none": [],
        }
    )

    golden = Path(__file__).parent / "golden/targets.json"
    assert text == golden.read_text()


@given(st.dictionaries(st.text(), st.text()))
def test_the_names_of_labels_are_those_that_prometheus_takes(
    said: dict[str, str],
) -> None:
    [group] = json.loads(file_sd({"web": [entry(metadata=said)]}))

    for name, value in group["labels"].items():
        assert re.fullmatch(r"__meta_registrator_[a-zA-Z0-9_]*", name, re.ASCII)
        assert isinstance(value, str)
