"""The names and numbers of signals."""

import pytest

from registrator.engine import signals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("SIGTERM", 15), ("TERM", 15), ("sigterm", 15), ("15", 15), ("SIGURG", 23)],
        *[("SIGWINCH", 28), ("SIGRTMIN", 34), ("RTMIN+3", 37), ("SIGRTMAX-1", 63)],
        *[("", 0), ("0", 0), ("65", 0), ("99999", 0), ("\u0661\u0665", 0)],
        *[("nix", 0), ("SIGNIX", 0), ("TERM+1", 0), ("RTMIN-1", 0), ("RTMAX+1", 0)],
        ("SIG_DFL", 0),
    ],
)
def test_a_signal_is_known_by_its_name_and_its_number(text: str, number: int) -> None:
    assert signals.number(text) == number
