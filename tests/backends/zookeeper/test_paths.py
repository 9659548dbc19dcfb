from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from registrator.errors import Rejected
from registrator_backends.zookeeper.paths import (
    above,
    child,
    escaped,
    is_name,
    leaf,
    parent,
)


@given(some.text(min_size=1, max_size=60))
def test_any_text_becomes_a_name_of_its_own(text: str) -> None:
    try:
        name = escaped(text)
    except Rejected:
        assert any("\ud800" <= each <= "\udfff" for each in text)
        return
    assert is_name(name)
    assert unquote(name) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("here:web.1:80", "here:web.1:80"),
        ("team/web", "team%2Fweb"),
        ("100%", "100%25"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("a\nb", "a%0Ab"),
        ("日本", "日本"),
        ("🚢", "%F0%9F%9A%A2"),
        ("\ue000", "%EE%80%80"),
    ],
)
def test_what_cannot_stand_in_a_name_is_escaped(text: str, name: str) -> None:
    assert escaped(text) == name


@pytest.mark.parametrize("text", ["", "x" * 513, "/" * 200, "\ud800"])
def test_what_gives_no_name_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        escaped(text)


def test_paths_are_taken_apart() -> None:
    assert (parent("/a/b"), parent("/a"), leaf("/a/b")) == ("/a", "/", "b")
    assert (child("/", "a"), child("/a", "b"), child("", "a")) == ("/a", "/a/b", "/a")
    assert above("/a/b/c") == ("/a", "/a/b", "/a/b/c")
