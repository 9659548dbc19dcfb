"""The session under which a node's keys are, so that they go when the node does.

Consul ends a session that nobody renews between one and two times its TTL, and then
removes every key that it holds. A daemon that starts again finds its session on its
own keys: nothing is written, and nothing is kept on disk.
"""

from collections import Counter
from collections.abc import Iterable

from registrator.errors import Unavailable
from registrator_backends.consulkv.client import KvClient
from registrator_backends.consulkv.entries import Entry

_CANDIDATES = 3  # sessions to look at: more than one is left only by odd accidents


class KeySession:
    """At most one session of Consul's; with a TTL of 0 keys are nobody's."""

    def __init__(self, client: KvClient, node: str, ttl: float) -> None:
        self._client = client
        self._name = f"registrator {node}"
        self._ttl = f"{ttl:g}s" if ttl else ""
        self._id = ""

    async def find(self, entries: Iterable[Entry]) -> None:
        """Take up the session that holds *entries*, unless there is one already."""
        if not self._ttl or self._id:
            return
        held = Counter(entry.session for entry in entries if entry.session)
        for candidate, _ in held.most_common(_CANDIDATES):
            if await self._fits(candidate):
                self._id = candidate
                return

    async def current(self) -> str:
        """Say under what to write; "" for nobody."""
        if self._ttl and not self._id:
            self._id = await self._client.create_session(self._name, self._ttl)
        return self._id

    def holds(self, entry: Entry) -> bool:
        """Whether *entry* will live as long as it should."""
        return entry.session == self._id and bool(self._ttl) == bool(self._id)

    async def renew(self) -> None:
        """Keep the session; raise `Unavailable` where it ended, with all its keys."""
        if self._id and not await self._client.renew(self._id):
            raise self.lost()

    def lost(self) -> Unavailable:
        """Take in that the session ended; the error that says so."""
        self._id = ""
        return Unavailable(
            f"{self._client.agent.uri}: the session ended, and its keys with it"
        )

    async def _fits(self, session: str) -> bool:
        """Whether a session is one that we would begin."""
        found = await self._client.session(session)
        wanted = {"Name": self._name, "TTL": self._ttl, "Behavior": "delete"}
        return found is not None and wanted.items() <= found.items()
