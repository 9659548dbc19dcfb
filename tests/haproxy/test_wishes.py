"""Which words a registry may put on a server's line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator_haproxy import wishes
from registrator_haproxy.whitelist import Unfit


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
    assert wishes.options(text, http=True) == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ssl verify none", "'ssl' is not for registries"),
        ("source 10.0.0.1", "'source' is not for registries"),
        ("weight", "weight has no such value: ''"),
        ("weight 257", "weight has no such value"),
        ("port 65536", "port has no such value"),
        ("rise 0", "rise has no such value"),
        ("inter 35792m", "inter has no such value: '35792m'"),
        ("cookie weight", "cookie has no such value: 'weight'"),
        ("cookie backup", "cookie has no such value: 'backup'"),
        ("init-addr none", "'init-addr' is not for registries"),
        ("weight 10;shutdown", "weight has no such value"),
        ("inter $HOME", "inter has no such value"),
        ("check\nbind :80", "'bind' is not for registries"),
        ("cookie a\x00", "cookie has no such value"),
        ("backup " * 41, "41 words of server options are too many"),
    ],
)
def test_all_other_words_are_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(Unfit, match=why) as refused:
        wishes.options(text, http=True)

    assert str(refused.value).isprintable()


@given(st.text())
def test_no_option_holds_what_haproxy_gives_a_meaning(text: str) -> None:
    try:
        words = wishes.options(text, http=True)
    except Unfit:
        return

    assert not set("".join(words)) & set(";\"'$\\#\n\r\t {}[]%&|()")


def test_what_takes_http_is_refused_without_it() -> None:
    assert wishes.options("observe layer7", http=True) == ("observe", "layer7")
    assert wishes.options("observe layer4", http=False) == ("observe", "layer4")
    with pytest.raises(Unfit, match="observe layer7 takes `mode: http`"):
        wishes.options("check observe layer7", http=False)
