"""A file's services in the snapshot, as it and the host change."""

import asyncio
from pathlib import Path

import pytest

from registrator.bell import Bell
from registrator.labels import Rules
from registrator.reading import Followed
from registrator.snapshot import Snapshot
from registrator.static import file
from registrator.static.source import StaticServices
from waiting import eventually


async def test_services_follow_the_file_and_the_hosts_address(tmp_path: Path) -> None:
    path, bell, snapshot = tmp_path / "services.yaml", Bell(), Snapshot()
    path.write_text("services: {a: {port: 1}, b: {port: 2}}")
    followed = Followed(str(path), lambda: file.load(str(path)), lambda: None, bell)
    addresses = ["10.0.0.1"]
    static = StaticServices(
        followed, snapshot, lambda: Rules(node="h1", host_ipv4=addresses[0])
    )

    def shown() -> set[tuple[str, str]]:
        return {(each.name, each.address) for each in snapshot.services.values()}

    assert shown() == {("a", "10.0.0.1"), ("b", "10.0.0.1")}
    explained = static.explain("services:a")
    assert explained is not None
    assert explained[1][0].rule == "file"
    assert static.explain("a") is None

    async with asyncio.TaskGroup() as rooms:
        following = rooms.create_task(static.run())
        path.write_text("services: {b: {port: 2}}")
        bell.ring()
        await eventually(lambda: shown() == {("b", "10.0.0.1")}, "one is gone")

        addresses[0] = "10.0.0.2"
        await eventually(lambda: shown() == {("b", "10.0.0.2")}, "another address")
        following.cancel()


async def test_one_without_an_address_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, snapshot = tmp_path / "services.yaml", Snapshot()
    path.write_text("services: {a: {port: 1}}")
    followed = Followed(str(path), lambda: file.load(str(path)), lambda: None, Bell())

    StaticServices(followed, snapshot, lambda: Rules(node="h1"))

    assert snapshot.services == {}
    assert "services:a: port 1/tcp: this host's own address is not known" in caplog.text
