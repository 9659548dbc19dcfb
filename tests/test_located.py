"""Where in a text a mistake stands."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from registrator.located import Text, Way, found

TEXT = """\
services:
  web:
    port: 80
    tags: [a, b]
  web: {}
list:
- {a: 1, a: 2}
"""


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    port: int
    tags: tuple[str, ...] = ()
    names: dict[int, str] = {}


@pytest.mark.parametrize(
    ("way", "line", "shown"),
    [
        pytest.param(("services", "web", "port"), 3, "services.web.port", id="value"),
        pytest.param(("services", "web", "x"), 3, "services.web.x", id="missing"),
        pytest.param(("list", 0, "a"), 7, "list.0.a", id="in a list"),
        pytest.param(("list", 7), 7, "list.7", id="beyond a list"),
        pytest.param(
            ("services", "web", "port", "x"), 3, "services.web.port.x", id="no"
        ),
        pytest.param((), 1, "the file", id="all of it"),
    ],
)
def test_a_mistake_has_its_line_and_its_way(way: Way, line: int, shown: str) -> None:
    assert Text(TEXT).mistake(way, "why") == f"line {line}: {shown}: why"


def test_an_empty_text_has_one_line() -> None:
    assert Text("").mistake(("a",), "why") == "line 1: a: why"


def test_what_stands_twice_is_found_at_every_depth() -> None:
    assert list(Text(TEXT).twice()) == [
        "line 5: web stands a second time",
        "line 7: a stands a second time",
    ]


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        Text("{")


def test_the_mistakes_of_a_model_are_sentences() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"port": "x", "tags": 1, "names": {"a": "b"}, "y": 1})

    assert list(found(caught.value)) == [
        (["port"], "should be a valid integer"),
        (["tags"], "should be a list"),
        (["names", "a"], "should be a valid integer"),
        (["y"], "there is no such setting"),
    ]
