"""The engine's HTTP API, as much of it as the daemon needs."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from registrator.engine import decode, shape
from registrator.engine.decode import Hint, Listed
from registrator.engine.endpoint import Endpoint
from registrator.engine.lines import Lines
from registrator.engine.transport import Answer, Refused
from registrator.engine.versioned import Versioned
from registrator.errors import Gone, SourceError
from registrator.model import Container, ContainerId

log = logging.getLogger(__name__)

REQUESTS_AT_ONCE: Final = 16

_NANO: Final = 10**9
# One that waits to be restarted runs nothing; and Podman refuses to be asked for such.
_LISTED: Final = {"status": ["running", "paused"]}
_WATCHED: Final = {
    "type": sorted(decode.EVENTS),
    "event": sorted(frozenset().union(*decode.EVENTS.values())),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What the engine says of itself."""

    name: str
    """The host's name: it stays when the daemon's own container is made anew."""
    version: str
    api: str
    """The version of its API that is spoken with it."""


class Engine:
    """One container engine. All its failures are `SourceError`; nothing is retried.

    A request has *deadline* seconds from when it gets one of the 16 turns. An engine
    that is away is no error before the first request. Safe to cancel anywhere.
    """

    def __init__(self, endpoint: Endpoint, *, deadline: float = 10.0) -> None:
        """Read the endpoint's certificates, if it has any; send nothing."""
        self._api = Versioned(
            endpoint, requests_at_once=REQUESTS_AT_ONCE, deadline=deadline
        )

    async def __aenter__(self) -> Self:
        """Open the pool of connections; nothing is sent."""
        await self._api.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pool; event streams close themselves."""
        await self._api.__aexit__(kind, error, trace)

    async def info(self) -> Info:
        """Ask the engine who it is."""
        told = self._api.object(await self._api.fetch("/info"))
        try:
            return Info(
                name=shape.text(told.get("Name"), "Name"),
                version=shape.text(told.get("ServerVersion"), "ServerVersion"),
                api=self._api.version,
            )
        except shape.Misshapen as error:
            raise SourceError(f"{self._api}: /info: {error}") from error

    async def list(self) -> tuple[Listed, ...]:
        """List every container that runs, the paused ones among them, or fail."""
        query = urlencode({"filters": json.dumps(_LISTED)})
        answer = await self._api.fetch(f"/containers/json?{query}")
        entries = self._api.json(answer)
        if not isinstance(entries, list):
            raise SourceError(f"{self._api}: the list of containers is none")
        return tuple(map(decode.listed, entries))

    async def inspect(self, container: ContainerId) -> Container:
        """Look at one container, running or not; raise `Gone` where there is none."""
        try:
            answer = await self._api.fetch(
                f"/containers/{quote(container, safe='')}/json"
            )
        except Refused as refused:
            if refused.there_is_no_container:
                raise Gone(f"container {container:.12}: no such container") from refused
            raise
        return decode.container(self._api.json(answer))

    async def signal(self, container: ContainerId, name: str) -> None:
        """Send one a signal, such as SIGTERM; raise `Gone` where none runs."""
        path = f"/containers/{quote(container, safe='')}/kill?signal={name}"
        try:
            await self._api.fetch(path, {})
        except Refused as refused:
            if refused.there_is_no_container or refused.status == 409:
                raise Gone(f"container {container:.12}: it does not run") from refused
            raise

    @asynccontextmanager
    async def events(
        self, since: int | None = None
    ) -> AsyncIterator[AsyncIterator[Hint]]:
        """Open the event stream; yield what it hints at, until it breaks.

        When this is entered the engine is watching: what happens from now on is heard,
        and so is all since *since*, a hint's `time_nano`, as far back as the engine
        remembers (Docker: 256 events). Hints may come twice. The iteration ends by
        `SourceError` only, and the caller opens the next stream. Take hints swiftly:
        Docker drops events for a reader that keeps it waiting.
        """
        # The engine may have been upgraded since the last stream.
        greeting = await self._api.greet()
        query = {"filters": json.dumps(_WATCHED)}
        now = _clock(greeting)
        # Docker answers a moment before it begins to watch, so it is told to begin at a
        # time before that. A place in the engine's future is one from another clock.
        if now is not None and (since is None or since > now + _NANO):
            since = now
        if since is not None:
            second, nano = divmod(since, _NANO)
            query["since"] = f"{second}.{nano:09}"
        async with (
            self._api.stream(f"/events?{urlencode(query)}") as pieces,
            aclosing(self._hints(pieces)) as hints,
        ):
            yield hints

    async def _hints(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Hint, None]:
        lines = Lines()
        lost = False
        async for piece in pieces:
            for line in lines.feed(piece):
                hint = Hint(None) if line is None else decode.hint(line)
                if hint is None:
                    continue
                was_lost, lost = lost, hint.container is None
                if lost and was_lost:
                    continue  # the first of such lines has said it all
                if lost:
                    said = "too long" if line is None else line[:200]
                    log.warning("%s: an event makes no sense: %r", self._api, said)
                yield hint


def _clock(answer: Answer) -> int | None:
    """Return when the engine answered, rounded down to a second; None: unknown."""
    try:
        return int(parsedate_to_datetime(answer.date).timestamp()) * _NANO
    except ValueError:
        return None
