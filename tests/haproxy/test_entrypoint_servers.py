"""Zones and ids, with a real registry, a real HAProxy, and real traffic."""

import json
from pathlib import Path

import pytest

from entrypoint import EntryPoint, key
from fixtures.etcd import EtcdServer
from instances import Instance, ask, instances, traffic
from waiting import eventually

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


def put(etcd: EtcdServer, zone: str, *some: Instance) -> None:
    for each in some:
        said = {
            "id": f"h:{each.name}:80",
            "name": "web",
            "address": "127.0.0.1",
            "port": each.port,
            "metadata": {"zone": zone},
        }
        etcd.put(key(each), json.dumps(said))


def names(*some: Instance) -> set[str]:
    return {each.name for each in some}


def far_in_reserve(entry: EntryPoint) -> bool:
    state = entry.ask("show servers state web")
    return state.count("_backup ") == 2 and len(entry.servers()) == 4


async def test_another_zone_comes_in_and_goes_without_a_failure_or_a_reload(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    entry = EntryPoint(tmp_path, f"{etcd.uri}/services", far="backup")
    entry.said["zone"] = "eu/a"
    async with instances(4) as many:
        near, far = many[:2], many[2:]
        put(etcd, "eu/a", *near)
        put(etcd, "eu/b", *far)
        with entry:
            await eventually(lambda: len(entry.servers()) == 4, "all are there")
            worker = entry.worker
            async with traffic(entry.url) as seen:
                await seen.goes_on(20)
                assert set(seen.answers) == names(*near)

                for each in near:
                    etcd.delete(key(each))
                await eventually(lambda: len(entry.servers()) == 2, "the near went")
                assert set(await ask(entry.url, 6)) == names(*far)

                put(etcd, "eu/a", *near)
                await eventually(lambda: far_in_reserve(entry), "they are in reserve")
                assert set(await ask(entry.url, 6)) == names(*near)

            assert seen.failures == []
            assert entry.worker == worker


async def test_near_ones_that_fail_their_checks_have_all_far_ones_serve(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    entry = EntryPoint(tmp_path, f"{etcd.uri}/services", far="backup")
    entry.said["zone"] = "eu/a"
    async with instances(2) as far:
        put(etcd, "eu/b", *far)
        with entry:
            async with instances(2) as near:
                put(etcd, "eu/a", *near)
                await eventually(lambda: far_in_reserve(entry), "they are in reserve")
                worker = entry.worker
                assert set(await ask(entry.url, 6)) == names(*near)

            await eventually(lambda: len(entry.servers()) == 2, "the near are down")
            assert set(await ask(entry.url, 6)) == names(*far)
            assert entry.worker == worker


def ids(entry: EntryPoint) -> dict[int, int]:
    """List the servers' ids, by their ports."""
    rows = [each.split() for each in entry.ask("show servers state web").splitlines()]
    return {int(row[18]): int(row[2]) for row in rows if row[1:2] == ["web"]}


def remembered(directory: Path) -> tuple[int, list[int]]:
    """Read the state: how many ids there are, and the ports of what is believed."""
    file = directory / "state/haproxy.json"
    if not file.exists():
        return 0, []
    said = json.loads(file.read_text())
    [believed] = said["believed"]
    return len(said["ids"]["web"]), [
        each["port"] for each in believed["instances"].values()
    ]


async def test_a_server_has_its_id_again_after_a_restart_and_no_other_has_it(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    async with instances(3) as (first, second, third):
        put(etcd, "", first)
        with EntryPoint(tmp_path, f"{etcd.uri}/services", ids=True) as entry:
            await eventually(lambda: ids(entry) == {first.port: 1}, "the first is 1")
            put(etcd, "", second)
            both = {first.port: 1, second.port: 2}
            await eventually(lambda: ids(entry) == both, "the second is 2")
            etcd.delete(key(first))
            await eventually(lambda: ids(entry) == {second.port: 2}, "one is gone")
            await eventually(
                lambda: remembered(tmp_path) == (2, [second.port]), "that is written"
            )

            entry.end()
            put(etcd, "", third)
            entry.start()
            new = {second.port: 2, third.port: 3}
            await eventually(lambda: ids(entry) == new, "the third is 3")
            put(etcd, "", first)
            await eventually(lambda: ids(entry) == new | {first.port: 1}, "1 is back")
