import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größe 日本 🚢", "größe 日本 🚢"),
        ("a\nb", "a\\nb"),
        ("a\r\x1b[31mb", "a\\r\\x1b[31mb"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
        ("\U000e0001", "\\U000e0001"),
        ("\x85\u2028", "\\x85\\u2028"),
        ("", ""),
    ],
)
def test_only_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_whatever_is_said_is_one_line_that_can_be_printed(text: str) -> None:
    assert visible(text).isprintable()
