"""Instances in a file: what is read, and what a file that is none takes away."""

import asyncio
import json
from pathlib import Path

import pytest

from following import following
from registrator import stores
from registrator.errors import ConfigError
from registrator.readable import Readable, Site
from registrator.watcher import Watcher
from registrator_haproxy.sources.file import read_document, read_instances
from waiting import eventually
from watching import watching

SITE = Site(node="here")
ONE = {"name": "i-1", "host": "10.0.0.1", "port": 80}
TWO = {"name": "i-2", "host": "10.0.0.2", "port": 80}


def source(path: Path) -> Readable:
    return stores.readable(path.as_uri(), SITE)


def swap(path: Path, text: str) -> None:
    """Write it as synapse does: beside it, and renamed."""
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)


def test_what_synapse_writes_is_read() -> None:
    options = "check inter 10s"
    entry = {
        "name": "i-1",
        "host": "10.0.0.1",
        "port": "80",
        "id": 7,
        "weight": 3,
        "haproxy_server_options": options,
        "labels": {"az": "a", "odd": 1},
    }

    [found] = read_instances([entry], "web").instances.values()

    assert (found.name, found.address, found.port) == ("web", "10.0.0.1", 80)
    assert (found.id, found.node, found.weight) == ("i-1", "i-1", 3)
    assert found.metadata == {"az": "a", "haproxy_server_options": options}


def test_what_is_no_instance_is_counted() -> None:
    odd = [
        {},
        7,
        {"host": "10.0.0.1"},
        {"host": "a b", "port": 80},
        {**ONE, "port": -1},
    ]

    found = read_instances([*odd, ONE], "web")

    assert found.skipped == len(odd)
    assert [each.address for each in found.instances.values()] == ["10.0.0.1"]


@pytest.mark.parametrize("said", [None, 7, "text", {"web": ONE}, {"web": None}])
def test_what_is_no_list_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="a list"):
        read_instances(said, "web")


async def test_a_table_has_a_list_for_each_service(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"web": [ONE], "db": [TWO]}))

    async with (
        source(path) as opened,
        watching(opened, "web") as web,
        watching(opened, "other") as other,
        watching(opened) as all_of_them,
    ):
        await web.until(lambda: web.ids == ["i-1"], "the one")
        await other.until(lambda: other.readings[-1].instances == {}, "none")
        await all_of_them.until(lambda: all_of_them.ids == ["i-1", "i-2"], "both")


async def test_a_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    swap(path, json.dumps([ONE]))

    # What is written in place may be read half, and is read again.
    async with source(path) as opened, following(opened, "web") as seen:
        await seen.until(lambda: seen.ids == ["i-1"], "the one")
        swap(path, json.dumps([ONE, TWO]))
        await seen.until(lambda: seen.ids == ["i-1", "i-2"], "renamed")
        path.write_text(json.dumps([TWO]))
        await seen.until(lambda: seen.ids == ["i-2"], "written in place")
        swap(path, "[]")
        await seen.until(lambda: seen.ids == [], "an empty list is one")


@pytest.mark.parametrize("text", ["", "[", "{", "[" * 100_000, "\udcff"])
def test_half_a_file_is_none(text: str) -> None:
    octets = text.encode(errors="surrogateescape")

    with pytest.raises(ValueError, match="it is not JSON: "):
        read_document(octets, "web", yaml=False)


@pytest.mark.parametrize("text", ["web: *alias", "web: [", "a: 1\na: 2", "[" * 100_000])
def test_yaml_that_is_more_than_plain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it is not YAML: "):
        read_document(text.encode(), "web", yaml=True)


async def test_a_file_cut_in_half_leaves_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text(json.dumps([ONE]))
    async with source(path) as opened:
        watcher = Watcher(opened, "web")
        async with asyncio.TaskGroup() as rooms:
            running = rooms.create_task(watcher.run(), name="follow")
            await eventually(lambda: watcher.latest.current, "it is read")
            path.write_text(json.dumps([ONE, TWO])[:-1])
            await eventually(lambda: watcher.latest.error, "half is none")

            stands = [each.address for each in watcher.latest.instances.values()]
            assert stands == ["10.0.0.1"]
            path.write_text(json.dumps([ONE, TWO]))
            await eventually(lambda: watcher.latest.current, "it is whole again")
            assert len(watcher.latest.instances) == 2
            running.cancel()


async def test_a_file_that_is_away_or_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    for make, said in (
        (path.parent.exists, "No such file or directory"),
        (path.mkdir, "it is no file"),
    ):
        make()
        async with source(path) as opened, watching(opened, "web") as seen:
            assert str(await seen.ended()) == f"{path.as_uri()}: {said}"


async def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    with path.open("wb") as file:
        file.truncate(2**40)

    async with source(path) as opened, watching(opened, "web") as seen:
        assert "it has more than 16777216 octets" in str(await seen.ended())


async def test_yaml_is_read_once_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text("web:\n- {host: 10.0.0.1, port: 80}\n")

    async with source(path) as opened, watching(opened, "web") as seen:
        await seen.until(lambda: seen.ids == ["10.0.0.1:80"], "the one")


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("file://host/web.json", "a whole path is expected"),
        ("file:web.json", "a whole path is expected"),
        ("file:///etc/web.txt", "does not end in .json"),
        ("file:///etc/%00.json", "a whole path is expected"),
    ],
)
def test_what_names_no_such_file_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        stores.readable(uri, SITE)
