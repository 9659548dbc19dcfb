import pytest

from registrator.engine.api import agree
from registrator.errors import SourceError


@pytest.mark.parametrize(
    ("theirs", "oldest", "agreed"),
    [
        ("1.24", None, "1.24"),
        ("1.24", "1.12", "1.24"),
        ("1.41", "1.12", "1.41"),
        ("1.52", "1.44", "1.52"),
        ("1.55", "1.44", "1.52"),
        ("1.70", "1.60", "1.60"),
        ("2.0", "1.44", "1.52"),
    ],
)
def test_the_newest_version_that_both_know_is_spoken(
    theirs: str, oldest: str | None, agreed: str
) -> None:
    assert agree({"ApiVersion": theirs, "MinAPIVersion": oldest}) == agreed


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"ApiVersion": "1.23"}, "the engine speaks API 1.23, older than 1.24"),
        ({}, "the engine's version: '' is not an API version"),
        ({"ApiVersion": "new"}, "the engine's version: 'new' is not an API version"),
        (
            {"ApiVersion": 1.41},
            "the engine's version: ApiVersion is a float, not a str",
        ),
        (
            {"ApiVersion": "1.41", "MinAPIVersion": "x"},
            "the engine's version: 'x' is not an API version",
        ),
    ],
)
def test_an_engine_that_cannot_be_spoken_to_is_a_source_error(
    told: dict[str, object], reason: str
) -> None:
    with pytest.raises(SourceError, match=reason):
        agree(told)
