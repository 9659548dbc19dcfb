"""A gRPC check: what the server's health service says."""

from asyncio import IncompleteReadError, StreamReader, StreamWriter
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.conversation import conversation
from registrator.health.excerpt import excerpt
from registrator.health.guard import Place
from registrator.health.probe import Failed, Means, Outcome, Probe
from registrator.health.probes import grpc_health
from registrator.health.trust import Trust

LONGEST: Final = 16_384
"""Octets of an answer that are read: one of a health service has about a hundred."""

_AT_ONCE: Final = 4096
_LONGEST_NAME: Final = 2048  # a frame has room for it, whatever its characters are
_STREAM: Final = 1
_HEAD: Final = 9  # octets: length, kind, flags, stream
_SETTINGS: Final = b"\4"


class GrpcProbe(Probe):
    """Asks over a new connection each time, and closes it at once."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self._trust = Trust(means.authorities, speaks=("h2",))

    async def run(self, check: Check) -> Outcome:
        """Ask for the service, or for the server as a whole."""
        place = self.place(check.target)
        if len(check.asked) > _LONGEST_NAME:
            raise Failed(f"{place}: the check asks for too long a name")
        verify = not check.tls_skip_verify
        tls = self._trust.context(verify=verify) if check.tls else None
        async with conversation(
            place, limit=_AT_ONCE, tls=tls, name=check.server_name
        ) as (reader, writer):
            call = _Call(place, check)
            try:
                await call.finish(reader, writer)
            except ProtocolError as error:
                said = excerpt(str(error))
                raise Failed(f"{place}: does not speak HTTP/2: {said}") from error
        if failure := grpc_health.failure(call.headers, bytes(call.body)):
            raise Failed(f"{place}: {failure}")
        return Outcome(Status.PASSING, f"{place}: SERVING")


class _Call:
    """One call with one message each way (unary)."""

    def __init__(self, place: Place, check: Check) -> None:
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self._place = place
        self._ended = False
        self._connection = H2Connection(H2Configuration(header_encoding=None))
        self._connection.local_settings = Settings(
            client=True,
            initial_values={
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.MAX_HEADER_LIST_SIZE: LONGEST,
            },
        )
        self._connection.initiate_connection()
        self._connection.send_headers(
            _STREAM,
            [
                (":method", "POST"),
                (":scheme", "https" if check.tls else "http"),
                (":path", grpc_health.PATH),
                (":authority", check.server_name or str(place)),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", "registrator"),
            ],
        )
        request = grpc_health.request(check.asked)
        self._connection.send_data(_STREAM, request, end_stream=True)

    async def finish(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Send it, and read until its end; raise `Failed` where it has none."""
        writer.write(self._connection.data_to_send())
        octets = await self._beginning(reader)
        read = 0
        while octets:
            read += len(octets)
            for event in self._connection.receive_data(octets):
                self._take(event)
            if self._ended:
                return
            if read > LONGEST:
                raise Failed(f"{self._place}: answers with more than {LONGEST} octets")
            writer.write(self._connection.data_to_send())
            octets = await reader.read(_AT_ONCE)
        raise Failed(f"{self._place}: the connection was closed without an answer")

    async def _beginning(self, reader: StreamReader) -> bytes:
        """Read the head of the first frame, which is SETTINGS from all who speak it.

        h2 would take whatever comes for a frame, and wait for its end.
        """
        try:
            head = await reader.readexactly(_HEAD)
        except IncompleteReadError as error:
            head = error.partial
        if head[3:4] not in {_SETTINGS, b""}:
            raise Failed(f"{self._place}: does not speak HTTP/2: {excerpt(head)!r}")
        return head

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived | TrailersReceived):
            for name, value in event.headers:
                self.headers[_text(name)] = _text(value)
        elif isinstance(event, DataReceived):
            self.body += event.data
        elif isinstance(event, StreamEnded):
            self._ended = True
        elif isinstance(event, StreamReset | ConnectionTerminated) and not self._ended:
            code = event.error_code
            raise Failed(f"{self._place}: refuses the call, HTTP/2 error {code}")


def _text(octets: bytes | str) -> str:
    return octets if isinstance(octets, str) else octets.decode(errors="replace")
