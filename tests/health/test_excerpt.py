import pytest

from registrator.health.excerpt import LONGEST, excerpt


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("", ""),
        (b"", ""),
        (b"fine\n", "fine"),
        ("one\r\n\ttwo  three\n", "one two three"),
        (b"\xff\xfeok", "\ufffd\ufffdok"),
        ("\x1b[31mred\x1b[0m\0", "[31mred[0m"),
        ("a\u202eb", "ab"),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * 5000, "x" * (LONGEST - 3) + "..."),
    ],
)
def test_it_is_one_printable_line(said: str | bytes, line: str) -> None:
    assert excerpt(said) == line


def test_it_may_be_cut_shorter() -> None:
    assert excerpt("x" * 11, 10) == "x" * 7 + "..."
    assert excerpt("x" * 10, 10) == "x" * 10
