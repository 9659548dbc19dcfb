import pytest

from registrator.labels.durations import LONGEST, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", 10),
        ("1h2m3.5s", 3723.5),
        ("300ms", 0.3),
        ("100us", 0.0001),
        ("100\N{MICRO SIGN}s", 0.0001),
        ("100\N{GREEK SMALL LETTER MU}s", 0.0001),
        ("5ns", 5e-9),
        ("1.s", 1),
        (".5m", 30),
        ("0", 0),
        ("15", 15),
        ("0.25", 0.25),
        (f"{LONGEST:.0f}", LONGEST),
    ],
)
def test_a_duration_is_read(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "s", "ten", "10 s", "-5s", "+5s", "1d", "1e3", "inf", "nan", "1h30"),
        *("9999h", "1s\n", "1s" * 9, "9" * 5000, ".", "\N{ARABIC-INDIC DIGIT THREE}s"),
    ],
)
def test_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(text)
