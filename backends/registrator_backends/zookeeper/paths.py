"""Where znodes are, and which text can be the name of one."""

import re
from typing import Final
from urllib.parse import quote

from registrator.errors import Rejected

LONGEST_NAME: Final = 512
"""Characters of a name, beyond which listings would grow too long."""

# ZooKeeper's Programmer's Guide, "The ZooKeeper Data Model"; what is beyond U+FFFF
# consists of forbidden halves to a server in Java.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff\U00010000-\U0010ffff]"
)
_ESCAPED: Final = re.compile(f"[/%]|{_FORBIDDEN.pattern}")


def parent(path: str) -> str:
    """Say which znode *path* is a child of."""
    return path.rpartition("/")[0] or "/"


def leaf(path: str) -> str:
    """Say the last part of *path*."""
    return path.rpartition("/")[2]


def child(path: str, name: str) -> str:
    """Say where the child *name* of *path* is."""
    return f"{path.rstrip('/')}/{name}"


def above(path: str) -> tuple[str, ...]:
    """List *path* and all that it is below, the highest first, without the root."""
    parts = path.strip("/").split("/")
    return tuple("/" + "/".join(parts[: end + 1]) for end in range(len(parts)))


def is_name(text: str) -> bool:
    """Whether *text* can be one part of a path as it is."""
    fits = text not in {"", ".", ".."} and "/" not in text
    return fits and len(text) <= LONGEST_NAME and not _FORBIDDEN.search(text)


def escaped(text: str) -> str:
    """Make a name of any *text*, each of another; raise `Rejected` where none is.

    What cannot stand in a name, and %, becomes %XX as in URLs (RFC 3986).
    """
    try:
        name = (
            _ESCAPED.sub(lambda found: quote(found[0], safe=""), text)
            if text.strip(".")
            else text.replace(".", "%2E")
        )
    except UnicodeEncodeError as error:
        raise Rejected(f"id {text[:64]!r} is no text") from error
    if not is_name(name):
        raise Rejected(
            f"id {text[:64]!r} is empty, or longer than the {LONGEST_NAME} characters"
            " that a znode's name may have here"
        )
    return name
