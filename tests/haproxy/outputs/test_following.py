"""Outputs follow what is believed of real registries, each by itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.etcd import EtcdServer
from registrator.backend import Site
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.guard import Belief
from registrator_haproxy.outputs import Outputs
from registrator_haproxy.registries import Origin, Registries
from waiting import eventually

pytestmark = pytest.mark.needs_etcd

AWAY = "etcd://127.0.0.1:1/none"
PLACES = """\
{% for name, some in services.items() %}
{% for i in some %}
{{ name }} {{ i | hostport }}
{% endfor %}
{% endfor %}
"""


@dataclass(frozen=True)
class Room:
    """A directory with a template in it, and the outputs beside that."""

    home: Path

    @property
    def template(self) -> Path:
        return self.home / "places.j2"

    def write(self, text: str) -> None:
        """Have another template, at once."""
        new = self.home / "new"
        new.write_text(text)
        new.replace(self.template)

    def output(self, name: str = "out", **more: Any) -> dict[str, Any]:
        place = {"file": str(self.home / name), "template": str(self.template)}
        return {**place, **more}

    def text(self, name: str = "out") -> str | None:
        file = self.home / name
        return file.read_text() if file.exists() else None

    async def shows(self, text: str, name: str = "out") -> None:
        await eventually(lambda: self.text(name) == text, f"{name} has {text!r}")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    made = Room(tmp_path)
    made.write(PLACES)
    return made


@asynccontextmanager
async def following(
    sources: Mapping[str, str],
    *outputs: Mapping[str, Any],
    beliefs: Mapping[Origin, Belief] | None = None,
) -> AsyncIterator[Registries]:
    services = {name: {"from": uri} for name, uri in sources.items()}
    said = {"services": services, "outputs": list(outputs)}
    configuration = Configuration.model_validate(said)
    registries = Registries(configuration, Site(node="here", ttl=0), beliefs)
    async with asyncio.TaskGroup() as rooms:
        tasks = [
            rooms.create_task(each, name="room")
            for each in (
                registries.run(),
                Outputs(configuration, registries, "here").run(),
            )
        ]
        yield registries
        for each in tasks:
            each.cancel()


def put(etcd: EtcdServer, name: str, number: int) -> None:
    etcd.put(f"/s/{name}/h:{number}:80", f"10.0.0.{number}:80")


async def test_a_file_follows_its_registry(room: Room, etcd: EtcdServer) -> None:
    put(etcd, "web", 1)
    async with following({"web": f"{etcd.uri}/s"}, room.output()):
        await room.shows("web 10.0.0.1:80\n")
        put(etcd, "web", 2)
        await room.shows("web 10.0.0.1:80\nweb 10.0.0.2:80\n")


async def test_a_template_that_breaks_leaves_the_file_until_it_is_mended(
    room: Room, etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(etcd, "web", 1)
    async with following({"web": f"{etcd.uri}/s"}, room.output()):
        await room.shows("web 10.0.0.1:80\n")
        room.write("\n{{ nothing }}")
        await eventually(lambda: "line 2: 'nothing' is" in caplog.text, "it is told")
        put(etcd, "web", 2)
        assert room.text() == "web 10.0.0.1:80\n"

        room.write("{{ services.web | length }} at {{ node }}")
        await room.shows("2 at here")
    assert caplog.text.count("'nothing' is undefined") == 1


async def test_a_template_that_is_not_there_yet_is_awaited(
    room: Room, etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(etcd, "web", 1)
    room.template.unlink()
    async with following({"web": f"{etcd.uri}/s"}, room.output()):
        await eventually(lambda: "no such file" in caplog.text, "it is told")
        room.write("here")
        await room.shows("here")


async def test_nothing_is_taken_from_a_file_before_anything_is_known(
    room: Room, etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(etcd, "web", 1)
    (room.home / "both").write_text("from before")
    sources = {"web": f"{etcd.uri}/s", "db": AWAY}
    targets = {"directory": str(room.home / "d"), "format": "file-sd"}
    outputs = room.output("both"), room.output("web", services=["web"]), targets
    async with following(sources, *outputs):
        await room.shows("web 10.0.0.1:80\n", "web")
        await eventually((room.home / "d/web.json").exists, "its targets are there")
        told = "waits for what is known of db"
        await eventually(lambda: caplog.text.count(told) == 2, "both are told")

    assert room.text("both") == "from before"
    assert not (room.home / "d/db.json").exists()


async def test_what_is_remembered_is_known(room: Room, etcd: EtcdServer) -> None:
    put(etcd, "db", 1)
    async with following({"db": f"{etcd.uri}/s"}, room.output()) as first:
        await room.shows("db 10.0.0.1:80\n")
    [belief] = first.beliefs.values()
    (room.home / "out").unlink()
    origin = "db", AWAY

    async with following({"db": AWAY}, room.output(), beliefs={origin: belief}):
        await room.shows("db 10.0.0.1:80\n")


async def test_an_output_that_hangs_holds_up_no_other(
    room: Room, etcd: EtcdServer
) -> None:
    put(etcd, "web", 1)
    begun = room.home / "begun"
    hangs = ["sh", "-c", f"touch {begun}; exec sleep 1000", "sh", "{file}"]
    outputs = room.output("one", validate=hangs), room.output("two")
    async with following({"web": f"{etcd.uri}/s"}, *outputs):
        await eventually(begun.exists, "the one hangs")
        await room.shows("web 10.0.0.1:80\n", "two")
        put(etcd, "web", 2)
        await room.shows("web 10.0.0.1:80\nweb 10.0.0.2:80\n", "two")

    assert room.text("one") is None


async def test_who_could_not_be_told_is_told_without_another_change(
    room: Room, etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(etcd, "web", 1)
    ready, done = room.home / "ready", room.home / "done"
    notify = ["sh", "-c", f"test -e {ready} && touch {done}"]
    async with following({"web": f"{etcd.uri}/s"}, room.output(notify=notify)):
        await eventually(lambda: "nobody is told" in caplog.text, "it fails")
        ready.touch()
        await eventually(done.exists, "it is told")


async def test_what_no_output_can_show_is_named_once(
    room: Room, etcd: EtcdServer, caplog: pytest.LogCaptureFixture
) -> None:
    put(etcd, "web", 1)
    odd = {"name": "web", "id": "x", "address": "10.0.0.9", "port": 80}
    etcd.put("/s/web/x", json.dumps({**odd, "tags": ["a\nb"]}))
    async with following({"web": f"{etcd.uri}/s"}, room.output()):
        await eventually(lambda: "a tag is not printable" in caplog.text, "it is told")
        put(etcd, "web", 2)
        await eventually(lambda: "10.0.0.2" in (room.text() or ""), "it goes on")

    assert caplog.text.count("a tag is not printable") == 1
