"""What is known is written down beside the rest, and never over what is newer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from registrator.model import Instance
from registrator_haproxy.guard import Belief
from registrator_haproxy.layout import Backend, Layout, Server
from registrator_haproxy.process import Application, Commanded, ConfigurationFile
from registrator_haproxy.render import render
from registrator_haproxy.scribe import Scribe
from waiting import eventually

INSTANCE = Instance(id="a", name="web", address="10.0.0.1", port=80)
BELIEFS = {("web", "memory:"): Belief.of({"a": INSTANCE})}


class Kept:
    """What was to be remembered, each time."""

    def __init__(self) -> None:
        self.beliefs: list[object] = []


def layout(port: int) -> Layout:
    server = Server(name=f"s:{port}", address="127.0.0.1", port=port)
    return Layout(backends={"b": Backend(name="b", servers=(server,))})


@asynccontextmanager
async def writing(file: Path) -> AsyncIterator[tuple[Scribe, Kept]]:
    """Have a scribe of that file at work."""
    proxy = Commanded(["true"], deadline=20.0)
    application = Application(ConfigurationFile(file), proxy, deadline=20.0)
    kept = Kept()
    scribe = Scribe(application, kept.beliefs.append)
    async with asyncio.TaskGroup() as rooms:
        running = rooms.create_task(scribe.run())
        yield scribe, kept
        running.cancel()


async def test_what_was_noted_last_is_in_the_file_and_remembered(
    tmp_path: Path,
) -> None:
    file = tmp_path / "h.cfg"
    file.write_text("old")
    async with writing(file) as (scribe, kept):
        scribe.note(layout(1), {})
        scribe.note(layout(2), BELIEFS)
        await eventually(lambda: kept.beliefs, "it is remembered")

        assert file.read_text() == render(layout(2))
        assert kept.beliefs == [BELIEFS]


async def test_what_is_as_it_was_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "h.cfg"
    file.write_text("old")
    async with writing(file) as (scribe, kept):
        scribe.note(layout(1), BELIEFS)
        await eventually(lambda: kept.beliefs, "it is remembered")
        before = file.stat()
        scribe.note(layout(1), {})
        await eventually(lambda: len(kept.beliefs) > 1, "the rest is remembered")

        assert file.stat() == before


async def test_what_was_noted_before_a_reload_is_not_written_after_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "h.cfg"
    file.write_text("old")
    async with writing(file) as (scribe, kept):
        scribe.note(layout(1), BELIEFS)
        async with scribe.resting():
            file.write_text("put into force")
        await eventually(lambda: kept.beliefs, "it is remembered")

        assert file.read_text() == "put into force"


async def test_a_file_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "h.cfg"
    file.write_text("old")
    blocked = tmp_path / ".h.cfg.candidate"
    blocked.mkdir()
    async with writing(file) as (scribe, kept):
        scribe.note(layout(1), BELIEFS)
        await eventually(lambda: "trying again" in caplog.text, "it is told")
        blocked.rmdir()
        await eventually(lambda: kept.beliefs, "it is written")

        assert file.read_text() == render(layout(1))
        assert caplog.text.count("trying again") == 1
