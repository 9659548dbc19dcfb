"""What ZooKeeper holds and is asked to do, without the library that asks it."""

from dataclasses import dataclass
from enum import Enum


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
