"""docs/labels.md is complete, and its examples work."""

import re
from pathlib import Path

import pytest

from labels.making import container, environment, rules
from registrator.labels import TagTemplate, decide
from registrator.labels.checks import KINDS, OPTIONS
from registrator.labels.functions import FUNCTIONS
from registrator.labels.services import NO_METADATA

PAGE = Path(__file__).parents[2] / "docs" / "labels.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEALTH = (PAGE.parent / "health.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", TEXT)
SETTINGS = sorted({code for code in CODE if re.match(r"SERVICE_\w\S*=", code)})
TEMPLATES = sorted(
    {code.replace(r"\|", "|") for code in CODE if re.match(r"\{[{%].*[%}]\}$", code)}
)
KEYS = {*NO_METADATA, *KINDS, *OPTIONS, "weight", "priority"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_example_of_a_setting_works(setting: str) -> None:
    found = decide(container(environment=environment(setting)), rules())

    assert {each.rule for each in found} <= {"published", "ignored", "not-published"}
    assert [note for each in found for note in each.notes] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_example_of_a_template_is_accepted(template: str) -> None:
    assert TagTemplate.parse(template).text == template


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_described(key: str) -> None:
    assert f"`{key.upper()}`" in TEXT


@pytest.mark.parametrize(
    "attribute",
    [
        "SERVICE_HEALTH",
        "SERVICE_DRAIN",
        "SERVICE_WEIGHT_WARNING",
        *(f"SERVICE_CHECK_{key.upper()}" for key in sorted({*KINDS, *OPTIONS})),
    ],
)
def test_every_attribute_of_health_has_a_meaning_on_each_registry(
    attribute: str,
) -> None:
    (row,) = re.findall(rf"(?m)^\|[^|\n]*`{attribute}`[^|\n]*\|(.*)\|$", HEALTH)

    assert all(cell.strip() for cell in row.split(" | "))


@pytest.mark.parametrize("word", sorted(FUNCTIONS))
def test_every_function_is_described(word: str) -> None:
    assert re.search(rf"`{word}[ `]", TEXT)
