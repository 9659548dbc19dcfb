"""What may stand in HAProxy's file or go to its sockets."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator_haproxy import whitelist
from registrator_haproxy.whitelist import Unfit

HOSTILE = " \t\r\n\0\x1b\x7f;\"'\\$#`<>|&{}[]~^*?é\u2028\uff11"
"""Of these none may be part of anything."""

TEXTS = [whitelist.name, whitelist.address, whitelist.word]


@pytest.mark.parametrize("name", ["web", "10.0.0.1:80", "a_B-9.c", "::1:80", "x" * 200])
def test_a_name_of_plain_characters_is_let_through(name: str) -> None:
    assert whitelist.name(name) == name


@pytest.mark.parametrize("name", ["", "x" * 201, "a/b", "@1", "a,b", "web\n", "a(b"])
def test_another_name_is_not(name: str) -> None:
    with pytest.raises(Unfit):
        whitelist.name(name)


@pytest.mark.parametrize("text", ["10.0.0.1", "::1", "2001:db8::1", "db.example", "a"])
def test_an_address_is_a_literal_or_a_host_name(text: str) -> None:
    assert whitelist.address(text) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a.", "a_b", "fe80::1%eth0", "1::2::3", "@"]
)
def test_another_address_is_not_let_through(text: str) -> None:
    with pytest.raises(Unfit):
        whitelist.address(text)


@pytest.mark.parametrize(
    ("text", "literal"),
    [("10.0.0.1", True), ("::1", True), ("web", False), ("fe80::1%eth0", False)],
)
def test_a_literal_needs_no_resolving(text: str, literal: bool) -> None:
    assert whitelist.is_literal(text) is literal


@pytest.mark.parametrize(
    "word", ["check", "2s", "req.hdr(host)", "/etc/ca.pem", "h2,http/1.1", "ALL:!aNULL"]
)
def test_the_words_of_server_lines_are_let_through(word: str) -> None:
    assert whitelist.word(word) == word


@pytest.mark.parametrize("character", HOSTILE)
@pytest.mark.parametrize("let_through", TEXTS)
def test_a_hostile_character_makes_anything_unfit(
    let_through: Callable[[str], str], character: str
) -> None:
    for text in (character, f"a{character}", f"{character}a", f"a{character}a"):
        with pytest.raises(Unfit):
            let_through(text)


@given(st.text())
@pytest.mark.parametrize("let_through", TEXTS)
def test_what_is_let_through_is_what_was_given_and_harmless(
    let_through: Callable[[str], str], text: str
) -> None:
    with contextlib.suppress(Unfit):
        assert let_through(text) == text
        assert text.isascii()
        assert text.isprintable()
        assert not set(HOSTILE) & set(text)


@given(st.text(st.sampled_from(HOSTILE), min_size=1))
@pytest.mark.parametrize("let_through", TEXTS)
def test_a_refusal_is_harmless_itself(
    let_through: Callable[[str], str], text: str
) -> None:
    with pytest.raises(Unfit) as refused:
        let_through(text)

    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("number", [1, 80, 65_535])
def test_a_port_is_one_that_can_be_connected_to(number: int) -> None:
    assert whitelist.port(number) == number


@pytest.mark.parametrize("number", [-1, 0, 65_536])
def test_another_port_is_not(number: int) -> None:
    with pytest.raises(Unfit, match=f"port {number}: not within 1 and 65535"):
        whitelist.port(number)


@pytest.mark.parametrize("number", [0, 256])
def test_a_weight_is_what_haproxy_takes(number: int) -> None:
    assert whitelist.weight(number) == number


@pytest.mark.parametrize("number", [-1, 257])
def test_another_weight_is_not(number: int) -> None:
    with pytest.raises(Unfit, match=f"weight {number}: not within 0 and 256"):
        whitelist.weight(number)


def test_a_refusal_names_the_thing_and_the_start_of_a_long_value() -> None:
    with pytest.raises(Unfit) as refused:
        whitelist.name("x" * 1000)

    assert str(refused.value) == (f"name '{'x' * 60}...': longer than 200 characters")
