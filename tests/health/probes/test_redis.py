"""PING, to real Redis servers and to what is none."""

import asyncio

import pytest

from fixtures.redis import StartRedis
from peers import Talk, peer, silence, sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means
from registrator.health.probes.redis import RedisProbe
from servers import free_ports
from waiting import eventually

PATIENCE = 60.0


def check(target: str | int) -> Check:
    place = f"127.0.0.1:{target}" if isinstance(target, int) else target
    return Check(kind="redis", target=place)


async def failure(target: str | int) -> str:
    with pytest.raises(Failed) as caught:
        async with asyncio.timeout(PATIENCE):
            await RedisProbe(Means()).run(check(target))
    return str(caught.value)


def saying(*words: bytes) -> Talk:
    """Say *words*, and wait for the peer to go."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        for each in words:
            writer.write(each)
            await writer.drain()
        await silence(reader, writer)

    return talk


async def test_a_redis_that_runs_passes(start_redis: StartRedis) -> None:
    redis = start_redis()

    outcome = await RedisProbe(Means()).run(check(redis.port))

    assert outcome.status is Status.PASSING
    assert outcome.output == f"127.0.0.1:{redis.port}: PONG"


async def test_one_that_wants_a_password_is_said_to(start_redis: StartRedis) -> None:
    redis = start_redis("requirepass secret")

    assert "wants a password" in (said := await failure(redis.port))
    assert "(NOAUTH)" in said


async def test_one_that_has_lost_its_master_is_said_to(start_redis: StartRedis) -> None:
    (port,) = free_ports(1)
    redis = start_redis(f"replicaof 127.0.0.1 {port}", "replica-serve-stale-data no")

    assert await failure(redis.port) == (
        f"127.0.0.1:{redis.port}: has lost its master (MASTERDOWN)"
    )


async def test_one_that_is_away_is_refused(start_redis: StartRedis) -> None:
    redis = start_redis()
    with redis.outage():
        said = await failure(redis.port)

    assert said == f"127.0.0.1:{redis.port}: connection refused"


async def test_one_that_hangs_leaves_nothing_open(start_redis: StartRedis) -> None:
    redis = start_redis()
    before = sockets()
    with redis.hanging(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await RedisProbe(Means()).run(check(redis.port))

    await eventually(lambda: sockets() <= before, "its connection is closed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            "is still loading its data (LOADING)",
        ),
        (b"-ERR unknown\r\n", "answers PING with an error: -ERR unknown"),
        (b"+PANG\r\n", "answers PING with no PONG: +PANG"),
        (b"+PONG\n\r\n", "answers PING with no PONG: +PONG"),
        (b"+PON", "answers PING with no PONG: +PON"),
        (b"\x1b[2J\xff\0\r\n", "answers PING with no PONG: [2J\ufffd"),
        (b"", "closed without an answer"),
    ],
)
async def test_an_answer_that_is_no_pong_fails(words: bytes, said: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(words)

    async with peer(talk) as found:
        assert await failure(found.place) == f"{found.place}: {said}"


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with peer(talk) as found:
        said = await failure(found.place)
        await eventually(lambda: not found.open, "the connection is closed")

    assert said.startswith(f"{found.place}: answers PING with no PONG: xxxx")
    assert len(said) < 300


async def test_one_that_resets_the_connection_fails() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with peer(talk) as found:
        said = await failure(found.place)

    assert said in {
        f"{found.place}: connection reset by peer",
        f"{found.place}: closed without an answer",
    }


async def test_a_web_server_is_none() -> None:
    async with peer(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as found:
        assert await failure(found.place) == (
            f"{found.place}: answers PING with no PONG: HTTP/1.1 400 Bad Request"
        )


async def test_no_check_reaches_a_clouds_secrets() -> None:
    assert "is refused" in await failure("169.254.169.254:6379")
