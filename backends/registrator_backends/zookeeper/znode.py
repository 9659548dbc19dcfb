"""What ZooKeeper holds and is asked to do, without the library that asks it."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import quote, unquote

from registrator.errors import Rejected

LONGEST_NAME: Final = 512
"""Characters of a name, beyond which listings would grow too long."""

# ZooKeeper's Programmer's Guide, "The ZooKeeper Data Model"; what is beyond U+FFFF
# consists of forbidden halves to a server in Java.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Znode:
    """One znode as it was read."""

    data: bytes
    created: int
    """The transaction that made it (czxid): the same for all that one made."""
    changed: int
    """The transaction that last wrote it (mzxid)."""
    owner: int
    """The session that it ends with; 0: it stays."""
    children: int = 0


class Fault(Enum):
    """Why a request about one znode was not granted."""

    MISSING = "no such znode"
    EXISTS = "the znode is there already"
    NOT_EMPTY = "the znode has children"
    NO_PARENT = "a znode that ends with its session has no children"
    DENIED = "permission denied"
    BAD_ACL = "the server does not take this acl"
    BAD_PATH = "the server does not take this path"
    FULL = "a quota is used up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a znode, which may end with the session."""

    path: str
    data: bytes = b""
    ephemeral: bool = False
    sequential: bool = False
    """The server adds ten digits to its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Change a znode's data."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a znode without children."""

    path: str


Step = Create | Write | Delete


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
            "".join(map(_escaped, text))
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


def unescaped(name: str) -> str:
    """Read back what `escaped` made."""
    return unquote(name)


def _escaped(character: str) -> str:
    fits = character not in "/%" and not _FORBIDDEN.match(character)
    return character if fits else quote(character, safe="")
