"""What may stand in HAProxy's file and on its sockets of what others have written.

Whatever is not listed here is refused: a `;` in a name is a second command on the
runtime socket, a line break is a second line of the file, and `"$HOME"` is replaced in
it (HAProxy's configuration manual, 2.2 and 2.3). Pure.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from registrator.visible import visible

LONGEST_NAME: Final = 120
"""Characters of a server's or a backend's name."""
MOST_WORDS: Final = 40
"""Of the options of one server: HAProxy reads no line of more than 64."""

_NAME: Final = re.compile(rf"[A-Za-z0-9_.:-]{{1,{LONGEST_NAME}}}", re.ASCII)
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*",
    re.ASCII,
)
_TIME: Final = re.compile(r"[1-9][0-9]{0,5}(ms|s|m)?", re.ASCII)
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


class Refused(ValueError):
    """Somebody's word that must not come before HAProxy; says which, and why."""


def name(text: str) -> str:
    """Return a name as it is; raise `Refused` where it cannot be one."""
    if not _NAME.fullmatch(text):
        raise Refused(
            f"{_shown(text)} is no name for HAProxy: letters, digits, '_', '.', ':' and"
            f" '-', at most {LONGEST_NAME}"
        )
    return text


def part_of_name(text: str) -> str:
    """Make something readable of *text* that may stand in a name; maybe nothing."""
    return _NOT_IN_NAMES.sub("-", text[:LONGEST_NAME]).strip("-.")[:40]


def address(text: str) -> str:
    """Return the address of a server; raise `Refused` for what is none."""
    if not (_HOST.fullmatch(text) or _is_literal(text)):
        raise Refused(f"{_shown(text)} is neither an IP address nor a host's name")
    return text


def port(number: int) -> int:
    """Return a port; raise `Refused` for what is none."""
    if not 1 <= number <= 65535:
        raise Refused(f"{number} is no port")
    return number


def options(text: str) -> tuple[str, ...]:
    """Read the words that a registry's entry asks for on its server's line.

    Those that only concern this one server: how it is checked and weighted. Raise
    `Refused` for any other.
    """
    words = text.split()
    if len(words) > MOST_WORDS:
        raise Refused(f"{len(words)} words of server options are too many")
    return tuple(_checked(words))


def _is_literal(text: str) -> bool:
    try:
        # The longest has 45 characters; a scope (%eth0) means nothing to HAProxy.
        return len(text) <= 45 and "%" not in text and bool(ip_address(text))
    except ValueError:
        return False


def _checked(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in _ALONE:
            yield word
            continue
        form = _WITH_VALUE.get(word)
        if form is None:
            raise Refused(f"the server option {_shown(word)} is not for registries")
        value = next(rest, "")
        if not form.fullmatch(value):
            raise Refused(
                f"the server option {word} has no such value: {_shown(value)}"
            )
        yield from (word, value)


def _shown(text: str) -> str:
    return repr(visible(text[:60]))
