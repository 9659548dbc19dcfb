"""What may come before HAProxy of what others wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator_haproxy import whitelist
from registrator_haproxy.whitelist import Refused

HOSTILE = [
    "a;disable server b/c",
    "a\nshutdown",
    'a"b',
    "$HOME",
    "a b",
    "a#b",
    "a/b",
    "ä",
    "a\x00",
    "a\x1b[31m",
    "%[src]",
    "",
    "a" * 121,
]


@pytest.mark.parametrize("text", ["web", "web.1_10.0.0.2:80", "_:fd00::1:80", "a-B.9"])
def test_a_plain_name_passes(text: str) -> None:
    assert whitelist.name(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_refused_in_one_printable_line(text: str) -> None:
    with pytest.raises(Refused, match="is no name for HAProxy") as refused:
        whitelist.name(text)

    assert str(refused.value).isprintable()


@given(st.text())
def test_whatever_a_name_is_made_of_is_a_name_or_nothing(text: str) -> None:
    made = whitelist.part_of_name(text)

    assert made == "" or whitelist.name(made) == made


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1", "db-1.example.org", "localhost"]
)
def test_addresses_and_host_names_pass(text: str) -> None:
    assert whitelist.address(text) == text


@pytest.mark.parametrize(
    "text", [*HOSTILE, "-a", "a..b", "unix@/run/x", "10.0.0.1:80", "a" * 64, "/run/x"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    if text == "a" * 121:
        text = ".".join(["a" * 60] * 5)
    with pytest.raises(Refused, match="is neither an IP address nor a host's name"):
        whitelist.address(text)


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_what_is_no_port_is_refused(number: int) -> None:
    with pytest.raises(Refused, match="is no port"):
        whitelist.port(number)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("backup", ("backup",)),
        ("check inter 2s  rise 2", ("check", "inter", "2s", "rise", "2")),
        (
            "weight 10 maxconn 50 slowstart 30s",
            ("weight", "10", "maxconn", "50", "slowstart", "30s"),
        ),
    ],
)
def test_words_about_the_server_itself_pass(text: str, words: tuple[str, ...]) -> None:
    assert whitelist.options(text) == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ssl verify none", "'ssl' is not for registries"),
        ("source 10.0.0.1", "'source' is not for registries"),
        ("weight", "weight has no such value: ''"),
        ("weight 257", "weight has no such value"),
        ("port 65536", "port has no such value"),
        ("rise 0", "rise has no such value"),
        ("init-addr none", "'init-addr' is not for registries"),
        ("weight 10;shutdown", "weight has no such value"),
        ("inter $HOME", "inter has no such value"),
        ("check\nbind :80", "'bind' is not for registries"),
        ("cookie a\x00", "cookie has no such value"),
        ("backup " * 41, "41 words of server options are too many"),
    ],
)
def test_all_other_words_are_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        whitelist.options(text)

    assert str(refused.value).isprintable()


@given(st.text())
def test_no_option_holds_what_haproxy_gives_a_meaning(text: str) -> None:
    try:
        words = whitelist.options(text)
    except Refused:
        return

    assert not set("".join(words)) & set(";\"'$\\#\n\r\t {}[]%&|()")
