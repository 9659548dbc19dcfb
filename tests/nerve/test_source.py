"""nerve's reporters, as the configuration names them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registrator.backend import Backend
from registrator.bell import Bell
from registrator.memory import MemoryBackend
from registrator.model import ContainerId, Service, ServiceId
from registrator.nerve.source import NerveServices
from registrator.nerve.translate import Nerve
from registrator.reading import Followed
from registrator.reconciler import Patience, Reconciler
from registrator.snapshot import Snapshot
from waiting import eventually


def reported(name: str, registry: str) -> Service:
    return Service(
        id=ServiceId(f"nerve:{name}:1"),
        name=name,
        address="10.0.0.1",
        port=1,
        container=ContainerId(f"nerve:{name}"),
        registry=registry,
    )


class Room:
    """nerve's services with stores in memory, and a configuration at will."""

    def __init__(self, nerve: Nerve, **options: Any) -> None:
        self.nerve, self.bell, self.snapshot = nerve, Bell(), Snapshot()
        self.stores: dict[str, MemoryBackend] = {}
        self.reconcilers: list[Reconciler[Any]] = []
        files = Followed("nerve", lambda: self.nerve, lambda: None, self.bell)
        self.services = NerveServices(
            files,
            self.snapshot,
            node="h1",
            make=self.make,
            reconcilers=self.reconcilers,
            **options,
        )

    def make(
        self, uri: str, ask: Callable[[], None]
    ) -> tuple[Backend[Any], Reconciler[Any]]:
        store = self.stores.setdefault(uri, MemoryBackend())
        return store, Reconciler(store, self.snapshot, ask, Patience(), uri)

    def say(self, *services: Service, **more: Any) -> None:
        """Have another configuration be read."""
        self.nerve = of(*services, **more)
        self.bell.ring()

    def held(self, uri: str) -> set[str]:
        return {*self.stores[uri].records} if uri in self.stores else set()


def of(*services: Service, **more: Any) -> Nerve:
    return Nerve(services={each.name: each for each in services}, **more)


@asynccontextmanager
async def running(room: Room) -> AsyncIterator[None]:
    task = asyncio.ensure_future(room.services.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_service_is_in_its_own_registry_alone() -> None:
    room = Room(of(reported("a", "memory:1"), reported("b", "memory:2")))

    async with running(room):
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "a")
        await eventually(lambda: holds(room, "memory:2", "h1:nerve:b:1"), "b")
        assert {each.registry for each in room.reconcilers} == {"memory:1", "memory:2"}

    assert room.reconcilers == []
    assert room.held("memory:1") == {"h1:nerve:a:1"}


def holds(room: Room, uri: str, *keys: str) -> bool:
    return room.held(uri) == {*keys}


async def test_a_service_is_explained_by_its_name_here() -> None:
    room = Room(of(replace(reported("a", "memory:1"), container_name="nerve:a")))

    found = room.services.explain("nerve:a")

    assert found is not None
    container, [decision] = found
    assert (container.id, container.name) == ("nerve:a", "nerve:a")
    assert decision.service is not None
    assert decision.service.id == "h1:nerve:a:1"
    assert room.services.explain("nerve:b") is None


async def test_a_registry_that_is_named_no_more_is_left_empty() -> None:
    room = Room(of(reported("a", "memory:1")))

    async with running(room):
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "there")
        room.say(reported("a", "memory:2"))
        await eventually(lambda: holds(room, "memory:2", "h1:nerve:a:1"), "moved")
        await eventually(lambda: holds(room, "memory:1"), "left")
        await eventually(lambda: len(room.reconcilers) == 1, "ended")

        room.say(reported("a", "memory:1"))
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "back")


async def test_what_is_reported_is_taken_back_at_the_end_if_asked_for() -> None:
    room = Room(of(reported("a", "memory:1")), deregisters=True)

    async with running(room):
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "there")

    assert room.held("memory:1") == set()


async def test_what_others_did_is_mended_at_each_resync() -> None:
    room = Room(of(reported("a", "memory:1")), resync=0.1)

    async with running(room):
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "there")
        room.stores["memory:1"].records.clear()
        await eventually(lambda: holds(room, "memory:1", "h1:nerve:a:1"), "mended")


async def test_a_note_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(of(notes=("x is not known here",)))

    async with running(room):
        room.say(notes=("x is not known here", "nor is y"))
        await eventually(lambda: "nor is y" in caplog.text, "the other one")

    assert caplog.text.count("x is not known here") == 1


async def test_the_heartbeat_file_is_touched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beat, nowhere = tmp_path / "beat", tmp_path / "nowhere" / "beat"

    async with running(Room(of(heartbeat=str(beat)))):
        await eventually(beat.exists, "the beat")
    async with running(Room(of(heartbeat=str(nowhere)))):
        await eventually(lambda: "heartbeat_path" in caplog.text, "why there is none")
