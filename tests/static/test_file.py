"""Files of services, and all mistakes in them at once."""

from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator.static.file import load, read
from registrator.static.model import schema

NO_KIND = "a kind is missing, such as `http: /health` or `tcp: true`"
NO_CONTAINER = "such a check runs in a container: there is none"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, "f")
    return list(caught.value.problems)


def test_a_file_is_yaml_or_json(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("services:\n  web: {port: 80}\n")
    (tmp_path / "b").write_text('{"services": {"web": {"port": 80}}}')

    assert load(str(tmp_path / "a")) == load(str(tmp_path / "b"))


@pytest.mark.parametrize("text", ["", "services: {}", "{}"])
def test_a_file_may_describe_nothing(text: str) -> None:
    assert read(text, "f") == ()


def test_all_mistakes_are_told_at_once_with_their_places() -> None:
    text = """\
services:
  web:
    port: 80800
    nme: x
  db: {port: 5432, check: {interval: 5s}}
  one: {port: 1, id: same, tags: {}}
  two: {port: 1, id: same, metadata: {a: [1]}}
  four: {port: 1, id: like}
  five: {port: 1, id: like, drain: later}
  five: {port: 1, checks: [{docker: x}]}
service: 1
"""
    assert problems(text) == [
        "f: line 10: five stands a second time",
        "f: line 3: services.web.port: should be less than or equal to 65535",
        "f: line 4: services.web.nme: there is no such setting",
        "f: line 6: services.one.tags: should be a list",
        "f: line 7: services.two.metadata.a: should be text, a number, true or false",
        "f: line 11: service: there is no such setting",
        f"f: line 5: services.db.check: {NO_KIND}",
        f"f: line 9: services.five.checks.0.docker: {NO_CONTAINER}",
    ]


def test_an_id_is_of_one_service() -> None:
    text = "services:\n a: {port: 1, id: x}\n b: {port: 2, id: x}\n c: {port: 3}\n"

    assert problems(text) == [
        "f: line 2: services.a.id: another service has the same",
        "f: line 3: services.b.id: another service has the same",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{", "f: while parsing", id="no YAML"),
        pytest.param("[1]", "f: line 1: the file: should be a valid", id="a list"),
        pytest.param("services: [1]", "services: should be a valid", id="no table"),
        pytest.param("services: {'a b': {port: 1}}", "should match", id="a name"),
        pytest.param("services: {a: 1}", "services.a: should be a valid", id="number"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, why: str) -> None:
    assert why in problems(text)[0]


def test_the_schema_has_every_word() -> None:
    made = str(schema())

    assert all(f"'{word}'" in made for word in ("services", "port", "check", "drain"))
