import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.engine.frames import printed


def frame(payload: bytes, output: int = 1) -> bytes:
    return bytes((output, 0, 0, 0)) + len(payload).to_bytes(4) + payload


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"", b""),
        (frame(b"one"), b"one"),
        (frame(b"one") + frame(b"two", 2), b"onetwo"),
        (frame(b"") + frame(b"one"), b"one"),
        (frame(b"\x01\0\0\0\0\0\0\x01"), b"\x01\0\0\0\0\0\0\x01"),
        (frame(b"one")[:-1], b"on"),
        (frame(b"one") + frame(b"two")[:5], b"one"),
        (b"OCI runtime exec failed", b"OCI runtime exec failed"),
        (frame(b"one") + b"then raw", b"onethen raw"),
        (b"\x01\x02 raw", b"\x01\x02 raw"),
        (b"\x01\0\0\0\xff\xff\xff\xffless", b"less"),
    ],
)
def test_what_is_in_frames_is_taken_out_and_all_else_stays(
    stream: bytes, text: bytes
) -> None:
    assert printed(stream) == text


@given(st.binary())
def test_nothing_makes_it_longer(stream: bytes) -> None:
    assert len(printed(stream)) <= len(stream)
