import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator import kinds
from registrator.kinds import Kind

EVERY: dict[str, Kind[object]] = {
    "text": kinds.TEXT,
    "boolean": kinds.BOOLEAN,
    "address": kinds.ADDRESS,
    "seconds": kinds.SECONDS,
    "share": kinds.SHARE,
    "name": kinds.NAME,
    "path": kinds.PATH,
    "words": kinds.WORDS,
    "whole": kinds.whole(-1),
    "choice": kinds.choice("one", "two"),
}

GOOD: dict[str, dict[str, object]] = {
    "text": {"": "", "a b": "a b", "größe": "größe"},
    "boolean": {
        **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True", "yes", "on"), True),
        **dict.fromkeys(("0", "f", "F", "false", "FALSE", "no", "off"), False),
    },
    "address": {
        "10.0.0.1": "10.0.0.1",
        "127.0.0.1": "127.0.0.1",
        "2001:DB8::0:1": "2001:db8::1",
        "::ffff:10.0.0.1": "10.0.0.1",
    },
    "seconds": {
        "0": 0.0,
        "60": 60.0,
        "1.5": 1.5,
        "30s": 30.0,
        "1e3": 1000.0,
        ".5": 0.5,
        "5.": 5.0,
        "1E-05": 1e-5,
    },
    "share": {"0": 0.0, "1": 1.0, "0.25": 0.25, "50%": 0.5, "100%": 1.0, "0%": 0.0},
    "name": {"a": "a", "host-1.example_x": "host-1.example_x", "1": "1"},
    "words": {"a b": ("a", "b"), "": (), "  a\t b ": ("a", "b")},
    "whole": {"-1": -1, "0": 0, "007": 7, "999999999": 999_999_999},
    "choice": {"one": "one", "two": "two"},
}

BAD: dict[str, tuple[str, ...]] = {
    "text": ("a\nb", "\x1b[31m", "\x00", "\udcff", "\u202e"),
    "boolean": ("", "2", "ja", "truee", " true"),
    "address": (
        "",
        "host",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.1:80",
        "10.0.0.1/24",
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
        "fe80::1%eth0",
        "fe80::1%a\nb",
        "[::1]",
    ),
    "seconds": (
        *("", "s", "-1", "nan", "inf", "1e10", "1m", "5ss", "x"),
        *("٣", "1_0", " 1", "1 s", ".", "1e", "१s"),
    ),
    "share": (
        *("", "%", "1.1", "-0.1", "101%", "nan", "inf", "half"),
        *("٣%", "0_1", "5 %"),
    ),
    "name": ("", "-a", "a-", ".a", "a b", "a/b", "a\n", "ä", "a" * 254, "a:b"),
    "path": ("a\x00b", "a\nb"),
    "whole": ("", "-2", "1.0", "1e3", "+1", " 1", "1_0", "٣", "9999999999"),
    "choice": ("", "One", "one ", "three"),
}


@pytest.mark.parametrize(
    ("kind", "given_text", "value"),
    [(kind, text, value) for kind, row in GOOD.items() for text, value in row.items()],
)
def test_what_is_right_is_read(kind: str, given_text: str, value: object) -> None:
    assert EVERY[kind].read(given_text) == value


@pytest.mark.parametrize(
    ("kind", "given_text"), [(kind, text) for kind, row in BAD.items() for text in row]
)
def test_what_is_wrong_is_told_with_what_was_wanted(kind: str, given_text: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]"):
        EVERY[kind].read(given_text)


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
@given(text=st.text(st.characters()) | st.from_regex(r"[-+0-9.e%s:]{0,8}"))
def test_no_text_raises_anything_else(kind: Kind[object], text: str) -> None:
    try:
        value = kind.read(text)
    except ValueError:
        return
    assert not isinstance(value, float) or math.isfinite(value)
