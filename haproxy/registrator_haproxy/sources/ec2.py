"""EC2: instances that run and have a tag, by their private addresses.

    ec2://eu-west-1/Role?poll=15&port=8080

Credentials are found as boto3 finds them: variables, ~/.aws, the instance's own role.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, unquote, urlencode

from registrator.errors import ConfigError
from registrator.readable import Readable, Reading, Site
from registrator.uri import attempt, read_options, without_secrets
from registrator_haproxy.sources.ec2_api import Ec2, read_instances
from registrator_haproxy.sources.polling import read_number, read_poll, readings
from registrator_haproxy.sources.threads import Threads

ENDPOINT: Final = "AWS_ENDPOINT_URL_EC2"
DEADLINE: Final = 30.0
"""Seconds for all pages of an answer."""

_OPTIONS: Final = ("endpoint", "poll", "port", "value")
_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_ENDPOINT: Final = re.compile(r"https?://[^@/?#\s]+/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    region: str
    tag: str
    value: str
    port: int
    poll: float
    endpoint: str

    @property
    def uri(self) -> str:
        shown = {"value": self.value, "port": self.port or ""}
        query = urlencode({name: each for name, each in shown.items() if each})
        place = f"ec2://{self.region}/{quote(self.tag)}"
        return f"{place}?{query}" if query else place


class Ec2Source(Readable):
    """Instances by the value of a tag; without a name, those of every value."""

    def __init__(self, wish: _Wish) -> None:
        self._wish = wish
        self._ec2 = Ec2(wish.region, wish.endpoint, DEADLINE)
        self._threads = Threads(self.uri, DEADLINE)

    @classmethod
    def from_uri(cls, uri: str, site: Site) -> Self:
        """Read ``ec2://REGION/TAG``; options: value, port, poll, endpoint."""
        problems: list[str] = []
        shown = without_secrets(uri)
        place, _, query = uri.partition("#")[0].partition("?")
        region, _, tag = place.partition(":")[2].removeprefix("//").partition("/")
        options = read_options(query, _OPTIONS, problems, shown)
        poll = attempt(problems, lambda: read_poll(options, 15.0, shown))
        port = attempt(
            problems, lambda: read_number(options, "port", 1, 65535, shown) or 0
        )
        endpoint = options.get("endpoint") or site.environment.get(ENDPOINT, "")
        if not _REGION.fullmatch(region) or not tag:
            problems.append(f"{shown}: not ec2://REGION/TAG, as ec2://eu-west-1/Role")
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            problems.append(f"{shown}: the endpoint is not http(s)://host:port")
        if find_spec("boto3") is None:
            problems.append(f"{shown}: boto3 is missing; install registrator[ec2]")
        if problems or poll is None or port is None:
            raise ConfigError(*problems)
        wish = _Wish(
            region=region,
            tag=unquote(tag),
            value=options.get("value", ""),
            port=port,
            poll=poll,
            endpoint=endpoint,
        )
        return cls(wish)

    @property
    def uri(self) -> str:
        """The region and the tag."""
        return self._wish.uri

    async def __aenter__(self) -> Self:
        """Need nothing: boto3 is loaded with the first look."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask nothing more."""
        self._threads.close()

    def watch(self, name: str = "") -> AsyncIterator[Reading]:
        """Ask every `poll` seconds; the option `value` stands before *name*."""
        return readings(lambda: self._look(name), self._wish.poll)

    async def _look(self, name: str) -> Reading:
        wish = self._wish
        filters = _filters(wish.tag, wish.value or name)
        found = await self._threads.call(partial(self._ec2.instances, filters))
        return read_instances(found, tag=wish.tag, name=name, port=wish.port)


def _filters(tag: str, value: str) -> Mapping[str, str]:
    """Ask for the tag with just this value: EC2 takes `*` and `?` for patterns."""
    running = {"instance-state-name": "running"}
    if not value:
        return {**running, "tag-key": _literally(tag)}
    return {**running, f"tag:{tag}": _literally(value)}


def _literally(text: str) -> str:
    return re.sub(r"([\\*?])", r"\\\1", text)
