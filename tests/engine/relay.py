"""Puts an engine's unix socket on the network, with TLS or without."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

Rewrite = Callable[[bytes], bytes]


def _as_it_is(data: bytes) -> bytes:
    return data


@asynccontextmanager
async def relay(
    socket: Path,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    answers: Rewrite = _as_it_is,
) -> AsyncIterator[int]:
    """Pass connections to a port on to *socket*; yield the port.

    *answers* is what becomes of the engine's, piece by piece.
    """
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        # Cancelled below alone; nobody above this task would hear of it.
        with suppress(asyncio.CancelledError, OSError):
            await _join(reader, writer, socket, answers)
        serving.discard(task)

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.gather(*serving)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    socket: Path,
    answers: Rewrite,
) -> None:
    engine_reader, engine_writer = await asyncio.open_unix_connection(str(socket))
    try:
        async with asyncio.TaskGroup() as directions:
            directions.create_task(_copy(reader, engine_writer, _as_it_is))
            directions.create_task(_copy(engine_reader, writer, answers))
    except* OSError:
        pass
    finally:
        engine_writer.close()
        writer.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rewrite: Rewrite
) -> None:
    while data := await reader.read(65536):
        writer.write(rewrite(data))
        await writer.drain()
    writer.close()
