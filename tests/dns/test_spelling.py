from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registrator_dns import names, spelling

TEXTS = st.text(alphabet=st.sampled_from("abf09_-.:A/\xfc\0"), max_size=80) | st.text()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("web-1", b"web-1"),
        ("host1:web.1:80", b"host1_3aweb_2e1_3a80"),
        ("my_app_1", b"my_app_1"),
        ("a_5f", b"a_5f5f"),
        ("a_5", b"a_5"),
        ("_ab", b"_5fab"),
        ("Web", b"_57eb"),
        ("b\xfcro", b"b_c3_bcro"),
        ("\ud800", b"_ed_a0_80"),
        ("x" * 63, b"x" * 63),
        ("x" * 64, b"x" * 28 + b"_2d" + b"7ce100971f64e7001e8fe5a51973ecdf"),
        ("", b"_2d" + b"e3b0c44298fc1c149afbf4c8996fb924"),
    ],
)
def test_any_text_is_spelled_as_a_label(text: str, label: bytes) -> None:
    assert spelling.label(text) == label


@given(TEXTS)
def test_a_label_is_one_that_everything_takes(text: str) -> None:
    label = spelling.label(text)

    assert 1 <= len(label) <= 63
    assert not label.translate(None, b"abcdefghijklmnopqrstuvwxyz0123456789-_")


@given(TEXTS, TEXTS)
@example("-", "_2d")
@example("a_5f", "a_")
def test_no_two_texts_share_a_label(one: str, two: str) -> None:
    assert (spelling.label(one) == spelling.label(two)) == (one == two)


@given(TEXTS)
def test_a_label_that_is_not_cut_can_be_read_back(text: str) -> None:
    label = spelling.label(text)
    is_cut = b"_2d" in label

    read = unquote_to_bytes(_hex_only(label))

    assert is_cut or read == text.encode("utf-8", "surrogatepass")
    assert is_cut == (not text or len(_spelled(text)) > 63)


def _hex_only(label: bytes) -> bytes:
    """Write the escapes of a label as a URL has them, and a lone _ as its own."""
    parts = label.split(b"_")
    escapes = [
        b"%" + part if _begins_with_hex(part) else b"%5f" + part for part in parts[1:]
    ]
    return b"".join([parts[0], *escapes])


def _begins_with_hex(part: bytes) -> bool:
    return len(part) > 1 and set(part[:2]) <= set(b"0123456789abcdef")


def _spelled(text: str) -> str:
    octets = text.encode("utf-8", "surrogatepass")
    plain = b"abcdefghijklmnopqrstuvwxyz0123456789-"
    written = ""
    for at, octet in enumerate(octets):
        keeps = octet in plain or (
            octet == 0x5F and not _begins_with_hex(octets[at + 1 : at + 3])
        )
        written += chr(octet) if keeps else f"_{octet:02x}"
    return written


@pytest.mark.parametrize(
    "text", ["db", "DB.Example.org", "db.example.org.", "a_b.1x", "-", "x" * 63, "1.a"]
)
def test_the_name_of_a_host_is_read(text: str) -> None:
    assert spelling.host_name(text) == names.parse(text.removesuffix("."))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "..",
            "a..b",
            "a.b..",
            "a b",
            "a\n",
            "b\xfcro",
            "a/b",
            "\ud800",
            "a,b",
        ),
        *("x" * 64, "10.0.0.256", "10.0.0", "1", "fe80::1%lo", "*", "a.*", "\0"),
        ".".join(["x" * 63] * 4),
    ],
)
def test_nothing_else_is_the_name_of_a_host(text: str) -> None:
    with pytest.raises(ValueError, match=r"no name|labels|too long|surrogates"):
        spelling.host_name(text)
