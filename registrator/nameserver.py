"""What the daemon can be asked about DNS responders of its own."""

from abc import ABC, abstractmethod

from registrator.dns_views import DnsAnswerView, ResponderView


class NameServer(ABC):
    """A responder that explains itself."""

    @property
    @abstractmethod
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """Where it answers while it is open."""

    @abstractmethod
    async def describe(self) -> ResponderView:
        """Say how it stands; raise `Unavailable`."""

    @abstractmethod
    async def look_up(self, name: str, kind: str) -> DnsAnswerView:
        """Say what it answers to a question, and why.

        Raise `Rejected` for what is no question, and `Unavailable`.
        """
