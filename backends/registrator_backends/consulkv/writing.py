"""Writes and removes a node's keys, each service's in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Final

from registrator.backend import Failures
from registrator.errors import BackendError, NotOwner, Rejected
from registrator.model import ServiceId
from registrator.planner import Change
from registrator_backends.consul.agent import Refused
from registrator_backends.consulkv.client import KvClient
from registrator_backends.consulkv.entries import (
    Entry,
    Operation,
    claim,
    packed,
    release,
)
from registrator_backends.consulkv.layout import KvRecord, Layout
from registrator_backends.consulkv.session import KeySession

_STRAYS: Final = 8  # removed in one go; the next round finds what is left
_ENDED: Final = "invalid session"
_DENIED: Final = "Permission denied"

Item = tuple[ServiceId, Sequence[Operation]]
Found = dict[str, Entry]


class Writing:
    """Brings keys about; one that cannot be written does not keep the others back."""

    def __init__(
        self, client: KvClient, session: KeySession, layout: Layout, *, cleanup: bool
    ) -> None:
        self._client = client
        self._session = session
        self._layout = layout
        self._cleanup = cleanup

    async def put(self, changes: Sequence[Change[KvRecord]]) -> Failures:
        """Write the wanted keys, and remove others that the same service has."""
        wanted = [change for change in changes if change.wanted is not None]
        if not wanted:
            return {}
        found = await self._look(wanted)
        session = await self._session.current()
        failures: dict[ServiceId, BackendError] = {}
        items: list[Item] = []
        for change in wanted:
            try:
                items.append((change.id, self._put(change, found, session)))
            except NotOwner as error:
                failures[change.id] = error
        return {**failures, **await self._commit(items)}

    async def drop(self, changes: Sequence[Change[KvRecord]]) -> Failures:
        """Remove whatever keys these services have."""
        if not changes:
            return {}
        found = await self._look(changes)
        failures: dict[ServiceId, BackendError] = {}
        items: list[Item] = []
        for change in changes:
            try:
                items.append((change.id, self._drop(change, found)))
            except NotOwner as error:
                failures[change.id] = error
        return {**failures, **await self._commit(items)}

    def is_ours(self, service: ServiceId, found: Entry, index: Entry | None) -> bool:
        """Whether a key is ours: by its mark, by our index, or by -cleanup."""
        if found.flags:
            return found.flags == self._layout.mark
        # Somebody wrote to it by hand: that takes the mark away, and nothing else.
        if index and index.value == found.key.encode():
            return found.session in {"", index.session}
        left = self._cleanup and self._layout.is_of_the_anchors(service)
        return left and not found.session

    def _put(
        self, change: Change[KvRecord], found: Found, session: str
    ) -> list[Operation]:
        wanted = change.wanted
        if wanted is None:
            return []
        place = self._layout.index_key(change.id)
        index, present = found.get(place), found.get(wanted.key)
        # A key that nobody marked or holds is taken over.
        free = present is None or not (present.flags or present.session)
        if present and not free and not self.is_ours(change.id, present, index):
            raise NotOwner(f"key {present.key!r} {_whose(present)}")
        mark = self._layout.mark
        steps = claim(wanted.key, wanted.value, mark, present, session)
        steps += claim(place, wanted.key.encode(), mark, index, session)
        for key in self._former_keys(change, index):
            old = found.get(key)
            if key != wanted.key and old and self.is_ours(change.id, old, index):
                steps += release(old)
        return steps

    def _drop(self, change: Change[KvRecord], found: Found) -> list[Operation]:
        index = found.get(self._layout.index_key(change.id))
        steps = release(index) if index else []
        for key in self._former_keys(change, index):
            present = found.get(key)
            if present and self.is_ours(change.id, present, index):
                steps += release(present)
            elif present and not index:
                raise NotOwner(f"key {key!r} {_whose(present)}")
        return steps

    async def _look(self, changes: Iterable[Change[KvRecord]]) -> Found:
        """Read all keys that these services have or are to have."""
        places = {change.id: self._layout.index_key(change.id) for change in changes}
        keys: set[str] = set(places.values())
        for change in changes:
            keys.update(self._former_keys(change, None))
            if change.wanted is not None:
                keys.add(change.wanted.key)
        found = await self._client.look(keys)
        more: set[str] = set()
        for change in changes:
            more.update(self._former_keys(change, found.get(places[change.id])))
        return found | await self._client.look(more - keys)

    def _former_keys(self, change: Change[KvRecord], index: Entry | None) -> list[str]:
        """List the keys that a service may have had until now."""
        keys: list[str] = []
        if change.present is not None:
            keys += [change.present.key, *change.present.strays[:_STRAYS]]
        named = self._layout.indexed(index.key, index.value) if index else None
        if named is not None:
            keys.append(named[1])
        return list(dict.fromkeys(keys))

    async def _commit(self, items: Iterable[Item]) -> Failures:
        failures: dict[ServiceId, BackendError] = {}
        for pack in packed(item for item in items if item[1]):
            failures |= await self._commit_pack(pack)
        return failures

    async def _commit_pack(self, pack: Sequence[Item]) -> Failures:
        """Write some at once; those that spoil it fail, and the others are written."""
        failures: dict[ServiceId, BackendError] = {}
        left = list(pack)
        while left:
            owners = [service for service, steps in left for _ in steps]
            try:
                errors = await self._client.commit(
                    [step for _, steps in left for step in steps]
                )
            except Rejected as error:
                return {**failures, **await self._commit_singly(left, error)}
            if not errors:
                return failures
            for place, said in errors.items():
                if _ENDED in said:
                    raise self._session.lost()
                failures[owners[place]] = self._verdict(owners[place], said)
            left = [item for item in left if item[0] not in failures]
        return failures

    async def _commit_singly(self, items: Sequence[Item], error: Rejected) -> Failures:
        """Find out which of several is too large."""
        if len(items) == 1:
            return {items[0][0]: error}
        failures: dict[ServiceId, BackendError] = {}
        for item in items:
            failures |= await self._commit_pack([item])
        return failures

    def _verdict(self, service: ServiceId, said: str) -> Refused:
        hint = "; check that the token may write this" if _DENIED in said else ""
        return Refused(f"{self._client.agent.uri}: {service}: {said}{hint}")


def _whose(entry: Entry) -> str:
    if entry.flags:
        return f"carries another's mark ({entry.flags})"
    return "is held by another's session" if entry.session else "carries nobody's mark"
