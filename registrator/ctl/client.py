"""Asks the daemon over its control socket, with nothing but the standard library."""

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import quote

from registrator.dns_views import DnsAnswerView, ResponderView
from registrator.errors import ConfigError
from registrator.haproxy_views import HaproxyFileView, HaproxyPlanView, HaproxyView
from registrator.orders_views import DrainView, MaintainedView, OrdersView
from registrator.views import ContainerView, ServiceView, StatusView

DEADLINE = 15.0
"""Seconds for an answer: the daemon may have to ask a busy engine first."""


class NoDaemon(Exception):
    """Nobody answers on any of the sockets."""


class NotKnown(Exception):
    """The daemon answers that there is no such thing, or that it cannot tell."""


class Client:
    """Speaks to the first daemon that answers on one of *sockets*."""

    def __init__(self, sockets: Sequence[Path], *, deadline: float = DEADLINE) -> None:
        self._sockets = sockets
        self._deadline = deadline

    def services(self, name: str) -> list[ServiceView]:
        """List every service, or those called *name* unless it is empty."""
        query = f"?service={_quoted(name)}" if name else ""
        answer = self._get(f"/v1/services{query}", frozenset({"services"}))
        return cast("list[ServiceView]", answer["services"])

    def explain(self, container: str) -> ContainerView:
        """Explain one container; raise `NotKnown`."""
        path = f"/v1/containers/{_quoted(container)}"
        return cast("ContainerView", self._get(path, ContainerView.__required_keys__))

    def status(self) -> StatusView:
        """Show the daemon at a glance."""
        return cast("StatusView", self._get("/v1/status", StatusView.__required_keys__))

    def responders(self) -> list[ResponderView]:
        """List the DNS responders."""
        answer = self._get("/v1/dns", frozenset({"responders"}))
        return cast("list[ResponderView]", answer["responders"])

    def look_up(self, name: str, kind: str) -> list[DnsAnswerView]:
        """Ask the DNS responders, and have them explain; raise `NotKnown`."""
        path = f"/v1/dns/{_quoted(name)}?type={_quoted(kind)}"
        answer = self._get(path, frozenset({"answers"}))
        return cast("list[DnsAnswerView]", answer["answers"])

    def orders(self) -> OrdersView:
        """List what is out of use by order."""
        found = self._get("/v1/maintenance", OrdersView.__required_keys__)
        return cast("OrdersView", found)

    def maintain(
        self, target: Mapping[str, object], reason: str, *, on: bool
    ) -> MaintainedView:
        """Put one target, as the API takes it, into maintenance, or take it out."""
        order = {**target, "reason": reason, "on": on}
        keys = MaintainedView.__required_keys__
        return cast("MaintainedView", self._order("/v1/maintenance", keys, order))

    def drain(self, container: str, *, on: bool) -> DrainView:
        """Drain a container, or no more; raise `NotKnown`."""
        order = {"container": container, "on": on}
        keys = DrainView.__required_keys__
        return cast("DrainView", self._order("/v1/drain", keys, order))

    def drained(self, container: str) -> DrainView:
        """Say how far the drain of a container is; raise `NotKnown`."""
        path = f"/v1/drain?container={_quoted(container)}"
        return cast("DrainView", self._get(path, DrainView.__required_keys__))

    def haproxy(self) -> HaproxyView:
        """Show the HAProxy side at a glance."""
        found = self._get("/v1/haproxy", HaproxyView.__required_keys__)
        return cast("HaproxyView", found)

    def haproxy_plan(self, proposed: Path | None = None) -> HaproxyPlanView:
        """Say what would be done; raise `ConfigError` for what is proposed."""
        keys = HaproxyPlanView.__required_keys__
        return cast("HaproxyPlanView", self._propose("plan", keys, proposed))

    def haproxy_file(self, proposed: Path | None = None) -> HaproxyFileView:
        """Show HAProxy's file, and what it would be; raise `ConfigError` likewise."""
        keys = HaproxyFileView.__required_keys__
        return cast("HaproxyFileView", self._propose("file", keys, proposed))

    def _order(
        self, path: str, keys: frozenset[str], order: Mapping[str, object]
    ) -> dict[str, object]:
        return self._get(path, keys, json.dumps(order).encode())

    def _propose(
        self, what: str, keys: frozenset[str], proposed: Path | None
    ) -> dict[str, object]:
        path = f"/v1/haproxy/{what}"
        if proposed is None:
            return self._get(path, keys)
        try:
            text = proposed.read_bytes()
        except OSError as error:
            raise ConfigError(f"{proposed}: {error.strerror}") from error
        return self._get(f"{path}?name={_quoted(str(proposed))}", keys, text)

    def _get(
        self, path: str, keys: frozenset[str], body: bytes | None = None
    ) -> dict[str, object]:
        """Ask; with a *body*, about that."""
        connection = _Connection(self._connect())
        try:
            connection.request("GET" if body is None else "POST", path, body)
            response = connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoDaemon(f"the daemon's answer broke off: {error}") from error
        finally:
            connection.close()
        answer = _parsed(said)
        if isinstance(problems := answer.get("problems"), list):
            raise ConfigError(*map(str, problems))
        if response.status != http.HTTPStatus.OK:
            raise NotKnown(answer.get("error", f"the daemon answers {response.status}"))
        if not keys <= answer.keys():
            raise NoDaemon("what answers is not registrator, or not of this version")
        return answer

    def _connect(self) -> socket.socket:
        refusals: list[str] = []
        for path in self._sockets:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(self._deadline)
            try:
                link.connect(str(path))
            except OSError as error:
                link.close()
                refusals.append(f"{path}: {error.strerror or error}")
            else:
                return link
        raise NoDaemon(
            f"no daemon answers ({'; '.join(refusals)}); is registrator running, and"
            " may you open its socket? another place is given with --socket"
        )


def _parsed(body: bytes) -> dict[str, object]:
    """Read a JSON object; what is none has no keys."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _quoted(name: str) -> str:
    """Make *name* one part of a URL, also if it is no proper text or only dots."""
    return quote(name, safe="", errors="surrogateescape").replace(".", "%2E")


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket that is connected already."""

    def __init__(self, link: socket.socket) -> None:
        super().__init__("registrator")
        self.sock = link
