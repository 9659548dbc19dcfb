"""The client and the stand-in engine: what a real one cannot be brought to do."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs

import pytest

from registrator.engine import Engine, Hint, Info, resolve
from registrator.errors import Gone, SourceError
from registrator.fitness import Health
from registrator.model import ContainerId, State
from standin import Fake, StandIn, numbered
from waiting import eventually

T = TypeVar("T")

WEB = Fake(name="web", ports={"80/tcp": 8000}, networks={"bridge": "172.17.0.2"})
DB = Fake(name="db")
PATIENCE = 20.0


@pytest.fixture
async def standin(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with StandIn(tmp_path / "engine.sock") as running:
        yield running


@pytest.fixture
async def engine(standin: StandIn) -> AsyncIterator[Engine]:
    async with Engine(resolve({}, f"unix://{standin.socket}")) as opened:
        yield opened


@pytest.fixture
async def hasty(standin: StandIn) -> AsyncIterator[Engine]:
    endpoint = resolve({}, f"unix://{standin.socket}")
    async with Engine(endpoint, deadline=0.1) as opened:
        yield opened


def key(fake: Fake) -> ContainerId:
    return ContainerId(fake.id)


async def take(hints: AsyncIterator[Hint], count: int) -> list[Hint]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(hints) for _ in range(count)]


async def soon(awaited: Awaitable[T]) -> T:
    async with asyncio.timeout(PATIENCE):
        return await awaited


async def quick(awaited: Awaitable[T]) -> T | None:
    """Wait for an answer, or for none within the engine's deadline."""
    with suppress(SourceError):
        return await awaited
    return None


async def reason(call: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises(SourceError) as caught:
        await soon(call())
    return str(caught.value)


async def broken(hints: AsyncIterator[Hint]) -> str:
    async def drain() -> None:
        async for _ in hints:
            pass

    return await reason(drain)


async def refused(engine: Engine) -> str:
    return await reason(engine.events().__aenter__)


@asynccontextmanager
async def running(call: Awaitable[T]) -> AsyncIterator[asyncio.Future[T]]:
    started = asyncio.ensure_future(call)
    try:
        yield started
    finally:
        started.cancel()


async def test_the_engine_says_who_it_is(engine: Engine) -> None:
    assert await engine.info() == Info(name="standin", version="0.0", api="1.41")


async def test_running_and_paused_containers_are_listed(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(
        WEB,
        replace(DB, state="paused"),
        Fake(name="dead", state="exited"),
        Fake(name="loop", state="restarting"),
    )

    listed = await engine.list()

    assert {entry.id: entry.state for entry in listed} == {
        key(WEB): State.RUNNING,
        key(DB): State.PAUSED,
    }


async def test_a_container_is_inspected(standin: StandIn, engine: Engine) -> None:
    standin.present(replace(WEB, health="starting"))

    container = await engine.inspect(key(WEB))

    assert (container.id, container.name) == (key(WEB), "web")
    assert (container.state, container.health) == (State.RUNNING, Health.STARTING)


async def test_an_unknown_container_is_gone(engine: Engine) -> None:
    with pytest.raises(Gone, match=f"container {WEB.id:.12}: no such container"):
        await engine.inspect(key(WEB))


async def test_a_404_that_does_not_speak_of_containers_makes_none_vanish(
    standin: StandIn, engine: Engine
) -> None:
    standin.fail("inspect", 404, message="404 page not found")

    with pytest.raises(SourceError) as caught:
        await engine.inspect(key(WEB))

    assert not isinstance(caught.value, Gone)


@pytest.mark.parametrize("name", ["..", "../../info", "a/b?c#d%2e", "\n", ""])
async def test_a_strange_name_asks_for_a_container_and_nothing_else(
    standin: StandIn, engine: Engine, name: str
) -> None:
    with pytest.raises(SourceError):
        await engine.inspect(ContainerId(name))

    assert set(standin.counts) <= {"version", "inspect", "other"}


async def test_errors_of_the_engine_are_source_errors_with_its_words(
    standin: StandIn, engine: Engine
) -> None:
    standin.fail("list", 500, message="layer does\nnot exist")

    assert await reason(engine.list) == (
        f"engine unix://{standin.socket}: GET /v1.41/containers/json:"
        " 500 layer does not exist"
    )


async def test_an_engine_that_does_not_answer_is_given_up_after_the_deadline(
    standin: StandIn, hasty: Engine
) -> None:
    await eventually(lambda: quick(hasty.info()), "it answers in time")
    standin.hold("list")

    assert await reason(hasty.list) == (
        f"engine unix://{standin.socket}: GET /v1.41/containers/json:"
        " no answer in 0.1 s"
    )


async def test_an_engine_that_is_away_is_a_source_error_and_then_answers_again(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(WEB)
    await engine.inspect(key(WEB))
    await standin.away()

    assert (await reason(engine.list)).endswith(": no such file or directory")

    await standin.back()
    assert [entry.id for entry in await engine.list()] == [key(WEB)]


async def test_an_engine_may_come_after_the_client(tmp_path: Path) -> None:
    socket = tmp_path / "engine.sock"
    async with Engine(resolve({}, f"unix://{socket}")) as engine:
        assert "no such file" in await reason(engine.info)
        async with StandIn(socket):
            assert (await engine.info()).name == "standin"


async def test_a_refusal_by_a_proxy_is_shown_as_one_line(
    standin: StandIn, engine: Engine
) -> None:
    standin.garble("list", b"<h1>Forbidden</h1>\n<p>no \x1b[31m" + b"x" * 999, 403)

    refusal = await reason(engine.list)

    assert "/containers/json: 403 <h1>Forbidden</h1> <p>no " in refusal
    assert len(refusal.partition("403 ")[2]) == 200
    assert refusal.isprintable()


@pytest.mark.parametrize(
    "body", [b"junk", b"7", b"null", b'"x"', b'{"Name": 7, "ApiVersion": 7}']
)
async def test_answers_that_make_no_sense_are_source_errors(
    standin: StandIn, engine: Engine, body: bytes
) -> None:
    standin.present(WEB)
    await engine.info()
    for kind in ("info", "list", "inspect", "version"):
        standin.garble(kind, body)

    await reason(engine.info)
    await reason(engine.list)
    await reason(lambda: engine.inspect(key(WEB)))
    await refused(engine)


async def test_at_most_16_requests_are_under_way(
    standin: StandIn, engine: Engine
) -> None:
    fakes = numbered(0, 50)
    standin.present(*fakes)
    await engine.info()
    standin.hold("inspect")

    async with running(
        asyncio.gather(*(engine.inspect(key(fake)) for fake in fakes))
    ) as inspections:
        await soon(standin.asked("inspect", 16))
        async with engine.events():
            under_way = standin.counts["inspect"]
        standin.release("inspect")
        containers = await soon(inspections)

    assert under_way == 16
    assert [container.id for container in containers] == [key(fake) for fake in fakes]


async def test_a_cancelled_request_gives_its_turn_back(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(WEB)
    await engine.info()
    standin.hold("inspect")
    async with running(asyncio.gather(*(engine.inspect(key(WEB)) for _ in range(16)))):
        await soon(standin.asked("inspect", 16))
    standin.release("inspect")

    assert (await soon(engine.inspect(key(WEB)))).id == key(WEB)


@pytest.mark.parametrize(
    ("api", "minimum", "spoken"),
    [("1.24", "1.12", "1.24"), ("1.60", "1.44", "1.52"), ("1.70", "1.60", "1.60")],
)
async def test_the_version_of_the_api_is_agreed_on(
    tmp_path: Path, api: str, minimum: str, spoken: str
) -> None:
    async with (
        StandIn(tmp_path / "engine.sock", api=api, minimum=minimum) as standin,
        Engine(resolve({}, f"unix://{standin.socket}")) as engine,
        engine.events(),
    ):
        assert (await engine.info()).api == spoken


async def test_the_version_is_asked_for_once(standin: StandIn, engine: Engine) -> None:
    await engine.info()
    await engine.list()

    assert standin.counts["version"] == 1


async def test_an_engine_that_was_replaced_is_spoken_to_in_its_own_version(
    standin: StandIn, engine: Engine
) -> None:
    await engine.info()
    standin.api, standin.minimum = "1.39", "1.24"

    await reason(engine.list)

    assert (await engine.info()).api == "1.39"


async def test_every_event_stream_agrees_on_the_version_anew(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events():
        pass
    standin.api = "1.45"
    async with engine.events():
        assert (await engine.info()).api == "1.45"


async def test_what_happens_after_the_stream_is_entered_is_heard(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.start(WEB)
        standin.die(WEB)

        heard = await take(hints, 2)

    assert [hint.container for hint in heard] == [key(WEB), key(WEB)]
    assert 0 < heard[0].time_nano < heard[1].time_nano


async def test_300_starts_in_one_write_and_300_deaths_are_all_heard(
    standin: StandIn, engine: Engine
) -> None:
    fakes = numbered(0, 300)
    async with engine.events() as hints:
        standin.start(*fakes)
        started = await take(hints, 300)
        standin.die(*fakes)
        died = await take(hints, 300)

    keys = [key(fake) for fake in fakes]
    assert [hint.container for hint in started] == keys
    assert [hint.container for hint in died] == keys


async def test_a_container_that_starts_during_a_slow_listing_is_heard_of(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(WEB)
    standin.hold("list")
    async with engine.events() as hints, running(engine.list()) as listing:
        await soon(standin.asked("list"))
        standin.start(DB)
        standin.release("list")

        listed = await soon(listing)
        (hint,) = await take(hints, 1)

    assert [entry.id for entry in listed] == [key(WEB)]
    assert hint.container == key(DB)


async def test_a_stream_begins_at_the_engines_time_before_it_was_entered(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events():
        pass

    assert time.time() - 60 < float(begun_at(standin)) <= time.time()


async def test_a_stream_without_the_engines_time_begins_when_it_begins(
    standin: StandIn, engine: Engine
) -> None:
    standin.dated = False

    async with engine.events() as hints:
        standin.start(WEB)
        assert [hint.container for hint in await take(hints, 1)] == [key(WEB)]

    assert begun_at(standin) == ""


def begun_at(standin: StandIn) -> str:
    query = parse_qs(standin.targets[-1].partition("?")[2])
    return query.get("since", [""])[0]


async def test_what_was_missed_is_told_by_the_next_stream(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.start(WEB)
        (last,) = await take(hints, 1)
    standin.start(DB)
    standin.die(WEB)

    async with engine.events(last.time_nano) as hints:
        heard = await take(hints, 3)

    assert [hint.container for hint in heard] == [key(WEB), key(DB), key(WEB)]


@pytest.mark.parametrize(
    ("since", "sent"),
    [
        (1795476939000000001, "1795476939.000000001"),
        (1795476939999999999, "1795476939.999999999"),
        (0, "0.000000000"),
    ],
)
async def test_the_streams_place_is_told_to_the_nanosecond(
    standin: StandIn, engine: Engine, since: int, sent: str
) -> None:
    async with engine.events(since):
        assert begun_at(standin) == sent


async def test_a_place_in_the_engines_future_is_not_waited_for(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events(time.time_ns() + 3600 * 10**9) as hints:
        standin.start(WEB)

        assert [hint.container for hint in await take(hints, 1)] == [key(WEB)]

    assert float(begun_at(standin)) <= time.time()


async def test_only_events_that_matter_are_asked_for(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events():
        (filters,) = parse_qs(standin.targets[-1].partition("?")[2])["filters"]

    assert '"type": ["container", "network"]' in filters
    assert '"health_status"' in filters
    assert "exec" not in filters


async def test_a_stream_that_breaks_in_the_middle_of_a_line_is_a_source_error(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.start(WEB)
        standin.cut()

        assert [hint.container for hint in await take(hints, 1)] == [key(WEB)]
        assert await broken(hints)


async def test_a_stream_that_the_engine_ends_is_a_source_error(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.end()

        assert (await broken(hints)).endswith(
            "GET /v1.41/events: the engine ended the answer"
        )


async def test_an_engine_that_goes_away_breaks_the_stream(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        await standin.away()

        assert await broken(hints)


async def test_a_new_stream_follows_one_that_broke(
    standin: StandIn, engine: Engine
) -> None:
    for _ in range(3):
        async with engine.events() as hints:
            standin.start(WEB)
            await take(hints, 1)
            standin.cut()
            await broken(hints)

    assert standin.counts["events"] == 3


async def test_a_stream_is_given_up_if_the_engine_does_not_accept_it_in_time(
    standin: StandIn, hasty: Engine
) -> None:
    standin.hold("events")

    assert "no answer in 0.1 s" in await refused(hasty)


async def test_a_quiet_stream_outlives_the_deadline(
    standin: StandIn, hasty: Engine
) -> None:
    async with AsyncExitStack() as opened:
        hints = await eventually(
            lambda: quick(opened.enter_async_context(hasty.events())), "it is in time"
        )
        assert hints is not None
        first = await opened.enter_async_context(running(anext(hints)))
        standin.hold("list")
        await reason(hasty.list)
        assert not first.done()

        standin.start(WEB)

        assert (await soon(first)).container == key(WEB)


async def test_a_refused_stream_is_a_source_error(
    standin: StandIn, engine: Engine
) -> None:
    standin.fail("events", 403, message="Forbidden")

    refusal = await refused(engine)

    assert refusal.endswith("GET /v1.41/events: 403 Forbidden")


async def test_a_line_of_junk_asks_for_a_look_at_everything_and_is_skipped(
    standin: StandIn, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine.events() as hints:
        standin.emit(b"junk\nmore \x1b[31mjunk\n")
        standin.start(WEB)
        standin.emit(b"{}\n")
        standin.emit(b"junk\n")

        heard = await take(hints, 3)

    assert [hint.container for hint in heard] == [None, key(WEB), None]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "\x1b" not in caplog.text


async def test_a_line_of_5_mib_asks_for_a_look_at_everything_and_is_skipped(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.emit(b'{"Type": "' + b"x" * 5 * 2**20 + b'"}\n')
        standin.start(WEB)

        heard = await take(hints, 2)

    assert [hint.container for hint in heard] == [None, key(WEB)]


async def test_a_line_of_1_mib_is_an_event_like_others(
    standin: StandIn, engine: Engine
) -> None:
    large = replace(WEB, labels={"large": "x" * 2**20})
    async with engine.events() as hints:
        standin.start(large)

        heard = await take(hints, 1)

    assert [hint.container for hint in heard] == [key(large)]


async def test_leaving_the_stream_closes_its_connection(
    standin: StandIn, engine: Engine
) -> None:
    async with engine.events() as hints:
        standin.start(WEB)
        await take(hints, 1)
        streams = standin.streams

    await soon(standin.until(lambda: not standin.streams))
    assert streams == 1


async def test_a_listing_of_5000_containers_is_whole(
    standin: StandIn, engine: Engine
) -> None:
    fakes = numbered(0, 5000)
    standin.present(*fakes)

    first, second = await engine.list(), await engine.list()

    assert {entry.id for entry in first} == {key(fake) for fake in fakes}
    assert first == second


async def test_a_container_is_sent_a_signal(standin: StandIn, engine: Engine) -> None:
    standin.present(WEB, DB)

    await soon(engine.signal(key(WEB), "SIGTERM"))

    assert standin.killed == [("web", "SIGTERM")]


async def test_one_that_does_not_run_or_is_not_there_is_sent_none(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(replace(WEB, state="exited"))

    for each in (WEB, DB):
        with pytest.raises(Gone, match=r"does not run|no such container"):
            await soon(engine.signal(key(each), "SIGTERM"))


async def test_a_signal_that_is_refused_is_an_error_of_the_engine(
    standin: StandIn, engine: Engine
) -> None:
    standin.present(WEB)
    standin.fail("kill", 500)

    assert "POST" in await reason(lambda: engine.signal(key(WEB), "SIGTERM"))
