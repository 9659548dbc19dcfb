"""Orders over restarts of the daemon."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from registrator.health import order_file
from registrator.health.order_file import OrderFile
from registrator.health.orders import HOST, Drain, Maintenance, Scope, Target
from samples import CONTAINER
from waiting import eventually

ONE = Target(scope=Scope.CONTAINER, name=CONTAINER)
ORDER = Maintenance(reason="upgrade", since=12.5, container_name="web.1")
DRAIN = Drain(
    why="docker stop",
    since=12.5,
    container_name="web.1",
    started="2026-11-24T00:00:00.000000001Z",
    until=82.5,
    terminate=22.5,
)


@asynccontextmanager
async def writing(file: OrderFile) -> AsyncIterator[None]:
    task = asyncio.ensure_future(file.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def kept(directory: Path) -> Path:
    """Have orders written, and return the file."""
    file = OrderFile.open(directory, "here")
    async with writing(file):
        file.orders.maintain(HOST, ORDER)
        file.orders.maintain(ONE, ORDER)
        file.orders.drain(CONTAINER, DRAIN)
        assert await file.kept()
    return only(directory)


def only(directory: Path) -> Path:
    [path] = directory.iterdir()
    return path


async def test_orders_are_there_again_after_a_restart(tmp_path: Path) -> None:
    path = await kept(tmp_path / "state")

    again = OrderFile.open(tmp_path / "state", "here").orders

    assert again.maintained == {HOST: ORDER, ONE: ORDER}
    assert again.drains == {CONTAINER: DRAIN}
    assert path.stat().st_mode & 0o777 == 0o600


async def test_what_was_lifted_is_not_there_again(tmp_path: Path) -> None:
    await kept(tmp_path)
    file = OrderFile.open(tmp_path, "here")
    async with writing(file):
        file.orders.forget(CONTAINER)
        assert await file.kept()

    again = OrderFile.open(tmp_path, "here").orders

    assert again.maintained == {HOST: ORDER}
    assert again.drains == {}


async def test_what_was_ordered_at_the_very_end_is_kept_too(tmp_path: Path) -> None:
    file = OrderFile.open(tmp_path, "here")
    async with writing(file):
        await asyncio.sleep(0)
        file.orders.maintain(HOST, ORDER)

    assert OrderFile.open(tmp_path, "here").orders.maintained == {HOST: ORDER}


async def test_where_nothing_was_ordered_there_is_no_file(tmp_path: Path) -> None:
    file = OrderFile.open(tmp_path / "state", "here")
    async with writing(file):
        assert await file.kept()

    assert not (tmp_path / "state").exists()


async def test_each_node_has_its_own(tmp_path: Path) -> None:
    await kept(tmp_path)

    assert OrderFile.open(tmp_path, "there").orders.maintained == {}


async def test_without_a_directory_it_says_that_nothing_is_kept() -> None:
    file = OrderFile.open(None, "here")
    await file.run()
    file.orders.maintain(HOST, ORDER)

    assert not await file.kept()


async def test_a_place_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    file = OrderFile.open(tmp_path / "file" / "state", "here")
    async with writing(file):
        file.orders.maintain(HOST, ORDER)
        assert not await file.kept()
        file.orders.relieve(HOST)
        assert not await file.kept()

    told = [each for each in caplog.messages if "not kept over a restart" in each]
    assert len(told) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"form": 2, "maintenance": [], "drains": []}',
        '{"form": 1, "maintenance": [{"scope": "world"}], "drains": []}',
        '{"form": 1, "maintenance": [], "drains": [7]}',
        *[
            '{"form": 1, "drains": [], "maintenance": [{"scope": "host", "name": "",'
            f' "reason": "", "container_name": "", "since": {since}}}]}}'
            for since in ("NaN", "-1", "1e300", "Infinity")
        ],
        "[" * 100_000,
    ],
)
async def test_what_cannot_be_read_is_told_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = await kept(tmp_path)
    path.write_text(text)

    file = OrderFile.open(tmp_path, "here")
    assert file.orders.maintained == {}
    assert path.read_text() == text
    async with writing(file):
        file.orders.maintain(HOST, ORDER)
        assert await file.kept()

    [told] = [each for each in caplog.messages if "starting without them" in each]
    assert "moves the file to" in told
    assert path.with_suffix(".unread").read_text() == text
    assert OrderFile.open(tmp_path, "here").orders.maintained == {HOST: ORDER}


async def test_what_could_not_be_written_is_when_there_is_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_file, "AGAIN", 0.01)
    caplog.set_level("INFO")
    (tmp_path / "state").write_text("in the way")
    file = OrderFile.open(tmp_path / "state", "here")
    async with writing(file):
        file.orders.maintain(HOST, ORDER)
        assert not await file.kept()
        (tmp_path / "state").unlink()
        await eventually(file.kept, "it is written")

        assert OrderFile.open(tmp_path / "state", "here").orders.maintained
    assert caplog.text.count("trying again") == 1
    assert caplog.text.count("written again") == 1


async def test_what_could_not_be_written_is_tried_at_the_end_as_well(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("in the way")
    file = OrderFile.open(tmp_path / "state", "here")
    async with writing(file):
        file.orders.maintain(HOST, ORDER)
        assert not await file.kept()
        (tmp_path / "state").unlink()

    assert OrderFile.open(tmp_path / "state", "here").orders.maintained


async def test_a_file_that_may_not_be_read_is_told_as_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await kept(tmp_path)
    path.unlink()
    path.mkdir()

    assert OrderFile.open(tmp_path, "here").orders.drains == {}
    assert "starting without them" in caplog.text


async def test_its_form_is_plain_json(tmp_path: Path) -> None:
    told = json.loads((await kept(tmp_path)).read_text())

    assert told["form"] == 1
    assert told["maintenance"][0]["scope"] == "host"
    assert told["drains"][0]["container"] == CONTAINER
