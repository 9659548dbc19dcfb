"""nsqlookupd: which nsqd have a topic; every one of several is asked.

    nsqlookupd://10.0.0.1:4161,10.0.0.2:4161?port=tcp&poll=5

Each nsqd tells every nsqlookupd of itself, and they do not tell each other: what they
say together is what there is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

from yarl import URL

from registrator.errors import ConfigError, Unavailable
from registrator.http_client import HttpClient, HttpPlace
from registrator.model import endpoint
from registrator.readable import Readable, Reading, Site
from registrator.uri import Location, read_location
from registrator_haproxy.sources.nsq_answers import Said, merged, read_answer
from registrator_haproxy.sources.polling import LONGEST, parsed, read_poll, readings

log = logging.getLogger(__name__)

DEADLINE: Final = 3.0
"""Seconds for one answer: it comes from memory."""

_CONNECTIONS: Final = 4
_ACCEPT: Final = "application/vnd.nsq; version=1.0"
"""What those before 1.0 take as a wish for the later form of answers."""


@dataclass(frozen=True, slots=True)
class _Server:
    place: HttpPlace
    client: HttpClient


class NsqlookupdSource(Readable):
    """The nsqd that have a topic; without a name, those of every topic."""

    def __init__(self, location: Location, topic: str, port: str, poll: float) -> None:
        options = {"port": port, **({"topic": topic} if topic else {})}
        self._uri = f"{location.uri}?{urlencode(options)}"
        self._topic = topic
        self._field = f"{port}_port"
        self._poll = poll
        self._servers = [_server(*each) for each in location.servers]
        self._said: dict[str, Mapping[str, Said]] = {}
        self._away: dict[str, str] = {}

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``nsqlookupd://host:port,host:port``; options: port, topic, poll."""
        del site
        location = read_location(uri, port=4161, options=("port", "topic", "poll"))
        problems: list[str] = []
        port, poll = location.options.get("port", "tcp"), 0.0
        if port not in {"tcp", "http"}:
            problems.append(f"{location.uri}: port is neither tcp nor http")
        if location.path or location.user or location.password:
            problems.append(f"{location.uri}: neither a path nor a user is expected")
        try:
            poll = read_poll(location.options, 5.0, location.uri)
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise ConfigError(*problems)
        return cls(location, location.options.get("topic", ""), port, poll)

    @property
    def uri(self) -> str:
        """Their addresses."""
        return self._uri

    async def __aenter__(self) -> Self:
        """Make ready to connect."""
        for server in self._servers:
            await server.client.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        for server in self._servers:
            await server.client.close()

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Ask all of them every `poll` seconds; `topic` stands before *name*."""
        topic = self._topic or name
        return readings(lambda: self._look(topic), self._poll)

    async def _look(self, topic: str) -> Reading:
        """Ask all at once; raise `Unavailable` where none answers.

        What one said last stands while it does not answer, also over a time in which
        none did.
        """
        async with asyncio.TaskGroup() as asked:
            tasks = {
                server.place.uri: asked.create_task(
                    self._ask(server, topic), name=f"ask {server.place.uri}"
                )
                for server in self._servers
            }
        answers = {uri: task.result() for uri, task in tasks.items()}
        self._tell(answers)
        heard = {uri: each for uri, each in answers.items() if isinstance(each, Said)}
        if not heard:
            raise Unavailable("; ".join(map(str, answers.values())))
        self._said[topic] = {**self._said.get(topic, {}), **heard}
        now = asyncio.get_running_loop().time()
        return merged(self._said[topic].values(), now)

    async def _ask(self, server: _Server, topic: str) -> Said | Unavailable:
        path = f"/lookup?topic={quote(topic, safe='')}" if topic else "/nodes"
        uri = server.place.uri
        try:
            answer = await server.client.ask(
                "GET", path, headers={"Accept": _ACCEPT}, longest=LONGEST
            )
            now = asyncio.get_running_loop().time()
            said = parsed(answer, uri)
            return read_answer(
                answer.status, said, topic=topic, field=self._field, now=now
            )
        except Unavailable as error:
            return error
        except ValueError as error:
            return Unavailable(f"{uri}: {error}")

    def _tell(self, answers: Mapping[str, Said | Unavailable]) -> None:
        """Log which went away and came back, while others answer."""
        for uri, each in answers.items():
            if isinstance(each, Said):
                if self._away.pop(uri, None):
                    log.info("%s: answers again", uri)
            elif uri not in self._away:
                self._away[uri] = str(each)
                log.warning("%s; what it said last stands for a time", each)


def _server(host: str, port: int) -> _Server:
    place = HttpPlace(
        uri=f"nsqlookupd://{endpoint(host, port)}",
        base=URL(f"http://{endpoint(host, port)}"),
    )
    return _Server(
        place, HttpClient(place, connections=_CONNECTIONS, deadline=DEADLINE)
    )
