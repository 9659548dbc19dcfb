"""The users' page tells of everything that is read, and of nothing else."""

import re
from pathlib import Path

import pytest

from fixtures.zookeeper import ZooKeeper
from registrator_backends.zookeeper import uri
from samples import web
from zookeepers import agree, at

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/zookeeper.md").read_text()
SHOP = web(
    "web-host-1:shop:80",
    name="shop",
    port=32768,
    container_name="shop",
    tags=("blue", "v2"),
    metadata={"zone": "eu-1"},
)


def test_the_page_names_every_variable_that_is_read() -> None:
    code = Path(uri.__file__).read_text()
    read = set(re.findall(r'"(ZOOKEEPER_[A-Z_]+)"', code))

    assert set(re.findall(r"`(ZOOKEEPER_[A-Z_]+)`", PAGE)) == read


@pytest.mark.needs_zookeeper
@pytest.mark.parametrize(
    "path",
    [
        "/services",
        "/nerve/services?format=nerve",
        "/aurora?format=serverset",
        "/discovery?format=curator",
    ],
)
async def test_every_example_is_what_is_stored(zookeeper: ZooKeeper, path: str) -> None:
    assert f"zookeeper://10.0.0.1{path}" in PAGE
    async with at(zookeeper, path, node="web-host-1") as backend:
        await agree(backend, SHOP)

    stored = {
        path: node.data.decode()
        for path, node in zookeeper.tree().items()
        if node.data and not path.startswith("/registrator.owners")
    }
    ((where, data),) = stored.items()
    assert f"[zk] get {where}\n{data}\n" in PAGE


@pytest.mark.needs_zookeeper
async def test_the_index_is_as_it_is_shown(zookeeper: ZooKeeper) -> None:
    async with at(zookeeper, "/services", node="web-host-1") as backend:
        await agree(backend, SHOP)

    (mark,) = [
        (path, node.data.decode())
        for path, node in zookeeper.tree("/registrator.owners").items()
        if node.data
    ]
    assert "[zk] get {}\n{}\n".format(*mark) in PAGE
