"""What a connection to ZooKeeper is opened with."""

from dataclasses import dataclass, field
from typing import Literal

from registrator.errors import Unavailable
from registrator_backends.secret import Secret
from registrator_backends.zookeeper.acl import Grant


@dataclass(frozen=True, slots=True)
class Ticket:
    """What brings a client back into its session."""

    session: int
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are: nobody, or a user by one of two ways."""

    user: str = ""
    password: Secret = field(default_factory=Secret, repr=False)
    by: Literal["digest", "sasl"] = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a link is to be opened with."""

    uri: str
    """For people: in front of every error."""
    timeout: float
    """Seconds after which the session should end without us."""
    deadline: float
    """Seconds for any one answer."""
    login: Login = field(default_factory=Login)
    acl: tuple[Grant, ...] = ()
    """Who may do what with the znodes we make."""


class Expired(Unavailable):
    """The session is no more."""
