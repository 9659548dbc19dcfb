"""Which words an entry of a registry may put on its server's line. Pure.

Those that concern this one server, such as how it is checked and weighted, in forms
that HAProxy takes in any order and number. Source: its configuration manual, 5.2.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from registrator_haproxy.whitelist import Unfit

OPTIONS: Final = "haproxy_server_options"
"""The metadata, as nerve writes it, that asks for words on the server's line."""

MOST_WORDS: Final = 40
"""HAProxy reads no line of more than 64."""

_TIME: Final = re.compile(r"[1-9][0-9]{0,5}(ms|s)?|[1-9][0-9]{0,3}m", re.ASCII)
"""HAProxy refuses a file with a time of more than 24 days anywhere in it."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_PORT: Final = re.compile(r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}", re.ASCII)
_WEIGHT: Final = re.compile(r"[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-6]", re.ASCII)
_COOKIE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)

_ALONE: Final = frozenset(
    {"backup", "check", "disabled", "non-stick"}
    | {"send-proxy", "send-proxy-v2", "check-send-proxy"}
)
_WITH_VALUE: Final = {
    **dict.fromkeys(("inter", "fastinter", "downinter", "slowstart"), _TIME),
    **dict.fromkeys(("rise", "fall", "maxconn", "maxqueue", "error-limit"), _NUMBER),
    "pool-purge-delay": _TIME,
    "pool-max-conn": _NUMBER,
    "weight": _WEIGHT,
    "port": _PORT,
    "id": _NUMBER,
    "cookie": _COOKIE,
    "observe": re.compile("layer4|layer7"),
    "on-error": re.compile("fastinter|fail-check|sudden-death|mark-down"),
    "on-marked-down": re.compile("shutdown-sessions"),
    "on-marked-up": re.compile("shutdown-backup-sessions"),
}


def options(text: str, *, http: bool) -> tuple[str, ...]:
    """Read the words that are asked for; raise `Unfit` for any that may not be.

    *http*: whether the backend speaks it, as one of them needs.
    """
    words = text.split()
    if len(words) > MOST_WORDS:
        raise Unfit(f"{len(words)} words of server options are too many")
    if "layer7" in words and not http:
        raise Unfit("the server option observe layer7 takes `mode: http`")
    return tuple(_checked(words))


def _checked(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in _ALONE:
            yield word
            continue
        form = _WITH_VALUE.get(word)
        if form is None:
            raise Unfit(f"the server option {_shown(word)} is not for registries")
        value = next(rest, "")
        # One called as a word is would be taken for it where words are looked for.
        mistaken = word == "cookie" and (value in _ALONE or value in _WITH_VALUE)
        if mistaken or not form.fullmatch(value):
            raise Unfit(f"the server option {word} has no such value: {_shown(value)}")
        yield from (word, value)


def _shown(text: str) -> str:
    return ascii(text[:60])
