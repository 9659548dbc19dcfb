"""A connection to what is checked, for as long as one check takes."""

import ssl
from asyncio import StreamReader, StreamWriter, open_connection
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registrator.health.guard import Place
from registrator.health.probe import Failed
from registrator.health.reasons import reason


@asynccontextmanager
async def conversation(
    place: Place, *, limit: int, tls: ssl.SSLContext | None = None, name: str = ""
) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """Connect, and close at once at the end; raise `Failed` where the peer is at fault.

    *limit* is how many octets wait to be read, or twice that; *name* is what a
    certificate must be for, "": the address.
    """
    name = name or place.host.partition("%")[0]
    if tls is not None:
        _see_that_it_can_be(name, tls, place)
    try:
        reader, writer = await open_connection(
            place.host,
            place.port,
            limit=limit,
            ssl=tls,
            server_hostname=name if tls else None,
        )
    except OSError as error:
        raise Failed(f"{place}: {reason(error, name)}") from error
    try:
        yield reader, writer
    except OSError as error:
        raise Failed(f"{place}: {reason(error)}") from error
    finally:
        # A farewell may not be answered, and would be waited for.
        writer.transport.abort()


def _see_that_it_can_be(name: str, tls: ssl.SSLContext, place: Place) -> None:
    """Refuse a name with a dot before it, or one that IDNA cannot write.

    asyncio would only notice once it is connected, and leave that connection open.
    """
    try:
        tls.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except ValueError as error:
        raise Failed(f"{place}: no certificate can be for {name!r}") from error
