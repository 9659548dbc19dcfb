"""What HAProxy answers to a change, by the words that all its versions share.

Whole answers cannot be compared: their texts and the newlines after them differ from
version to version, as measured on 2.6.12, 3.0.11 and 3.2.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final


class Reason(StrEnum):
    """Why HAProxy does not do what it is asked to."""

    STATIC = auto()
    """The backend's balancing takes no servers, or no weights, while it runs."""
    NO_BACKEND = auto()
    NO_SERVER = auto()
    EXISTS = auto()
    """There is one of that name, at another address."""
    BUSY = auto()
    """Connections or requests are attached to it: it can be asked again later."""
    PINNED = auto()
    """Something else in the configuration refers to the server."""
    OPTION = auto()
    """A server that is added while HAProxy runs cannot have this option, or value."""
    UNRESOLVED = auto()
    """The address is a name, which is never resolved for such a server."""
    UNABLE = auto()
    """This version, or this access level of the socket, has no such command."""
    OTHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one server is not as it was asked to be."""

    reason: Reason
    says: str
    """HAProxy's own words, where it had any: one line."""


# The first that an answer holds, in lower case, counts.
_SAID: Final = (
    ("unknown command", Reason.UNABLE),
    ("permission denied", Reason.UNABLE),
    ("experimental mode only", Reason.UNABLE),
    ("dynamic load balancing", Reason.STATIC),
    ("static lb algorithm", Reason.STATIC),
    ("no such backend", Reason.NO_BACKEND),
    ("can't find backend", Reason.NO_BACKEND),
    ("no such server", Reason.NO_SERVER),
    ("already exists", Reason.EXISTS),
    ("still has connections", Reason.BUSY),
    ("in maintenance mode can be deleted", Reason.BUSY),
    ("configuration elements pointing", Reason.PINNED),
    ("cannot be removed at runtime", Reason.PINNED),
    ("not accepted for dynamic", Reason.OPTION),
    ("unknown keyword", Reason.OPTION),
    ("was not configured", Reason.OPTION),
    ("agent not enabled", Reason.OPTION),
)
_DONE: Final = ("new server registered", "server deleted")
_LONGEST: Final = 200


def refusal(answer: str) -> Refusal | None:
    """Read the answer to one change; None if that was done."""
    said = " ".join(answer.split())
    lower = said.lower()
    if not said or any(done in lower for done in _DONE):
        return None
    found = (reason for words, reason in _SAID if words in lower)
    return Refusal(reason=next(found, Reason.OTHER), says=said[:_LONGEST])
