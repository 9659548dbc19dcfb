from collections.abc import Sequence

import pytest

from registrator.engine.lines import Lines


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b""], []),
        ([b"one"], []),
        ([b"one\n"], [b"one"]),
        ([b"one\ntwo\nthr", b"ee\n"], [b"one", b"two", b"three"]),
        ([b"o", b"n", b"e", b"\n"], [b"one"]),
        ([b"\n\n", b"one\n\n"], [b"one"]),
        ([b"12345678\n"], [b"12345678"]),
        ([b"123456789\n"], [None]),
        ([b"1234", b"56789", b"more\nnext\n"], [None, b"next"]),
        ([b"123456789", b"\n", b"next\n"], [None, b"next"]),
    ],
)
def test_pieces_of_any_size_become_lines(
    pieces: Sequence[bytes], lines: Sequence[bytes | None]
) -> None:
    cutter = Lines(limit=8)

    found = [line for piece in pieces for line in cutter.feed(piece)]

    assert found == lines
