"""Errors, named after what the caller should do about them.

::

    RegistratorError
    ├── ConfigError        the operator must act; never retried; exit code 2
    ├── BackendError
    │   ├── Unavailable    the store does not answer: retry with backoff
    │   ├── Rejected       the store refuses this record: report it, go on
    │   └── NotOwner       the record is somebody else's: leave it alone
    ├── SourceError        the container engine does not answer: retry with backoff
    │   └── Gone           the engine answers that this container does not exist
    ├── GaveUp             a store was never there and patience is over; exit code 1
    └── Unwritten          what was asked for cannot be printed; exit code 1

Messages are lower case, without a full stop, and name the thing and the value.
"""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class RegistratorError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(RegistratorError):
    """Something the operator gave is wrong; carries every mistake at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: tuple[str, ...] = problems


class BackendError(RegistratorError):
    """A service store did not do what was asked."""


class Unavailable(BackendError):
    """The store does not answer, or not now."""


class Rejected(BackendError):
    """The store answers, and refuses this one record for what it is."""


class NotOwner(BackendError):
    """The record carries the mark of another owner."""


class SourceError(RegistratorError):
    """The container engine does not answer, or answers nonsense."""


class Gone(SourceError):
    """The container is not known to the engine (any more)."""


class GaveUp(RegistratorError):
    """A store never answered, and -retry-attempts are used up."""


class Unwritten(RegistratorError):
    """Standard output takes no more."""

    @property
    def unread(self) -> bool:
        """Whether its reader just went away, as `head` does: nothing to be told."""
        return isinstance(self.__cause__, BrokenPipeError)


def leaves(group: BaseExceptionGroup[E]) -> list[E]:
    """List the errors of a group, and of the groups in it."""
    found: list[E] = []
    for each in group.exceptions:
        found += leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found
