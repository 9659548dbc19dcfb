"""The whole HAProxy side: real registries, a real HAProxy, and real traffic."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoint import EntryPoint, key, places, put, serving
from fixtures.etcd import EtcdServer, StartEtcd
from fixtures.haproxy import on_newest_too
from instances import Instance, ask, instances, serve, traffic
from servers import free_ports
from tcp_proxy import TcpProxy
from waiting import eventually

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


@pytest.fixture
def entry(
    etcd: EtcdServer, tmp_path: Path, haproxy_program: str
) -> Iterator[EntryPoint]:
    made = EntryPoint(tmp_path, f"{etcd.uri}/services")
    made.said["haproxy"]["program"] = haproxy_program
    with made as running:
        yield running


@pytest.fixture
def undamped(etcd: EtcdServer, tmp_path: Path) -> Iterator[EntryPoint]:
    with EntryPoint(tmp_path, f"{etcd.uri}/services", damping=None) as running:
        yield running


def drop(etcd: EtcdServer, *some: Instance) -> None:
    for each in some:
        etcd.delete(key(each))


async def written(entry: EntryPoint, count: int) -> None:
    """Wait until the file has so many servers: what runs is changed first."""
    await eventually(lambda: entry.file.count("\tserver ") == count, "the file has")


@on_newest_too
async def test_two_become_twenty_and_two_again_without_a_failure_or_a_reload(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(20) as many:
        put(etcd, *many[:2])
        await serving(entry, *many[:2])
        worker = entry.worker
        async with traffic(entry.url) as seen:
            put(etcd, *many[2:])
            await serving(entry, *many)
            await seen.goes_on(100)
            drop(etcd, *many[2:12])
            await serving(entry, *many[:2], *many[12:])
            drop(etcd, *many[12:])
            await serving(entry, *many[:2])
            await seen.goes_on()

        assert seen.failures == []
        assert entry.worker == worker
        assert set(seen.answers) == {each.name for each in many}
        await written(entry, 2)


@on_newest_too
async def test_all_are_replaced_one_by_one_without_a_failure(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(6) as many:
        old, new = many[:3], many[3:]
        put(etcd, *old)
        await serving(entry, *old)
        async with traffic(entry.url) as seen:
            for gone, come in zip(old, new, strict=True):
                put(etcd, come)
                drop(etcd, gone)
                await seen.goes_on(20)
            await serving(entry, *new)
            await seen.goes_on()

        assert seen.failures == []
        assert set(await ask(entry.url, 6)) == {each.name for each in new}


async def test_many_changes_at_once_end_in_one_state_that_is_right(
    undamped: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(10) as many:
        put(etcd, *many)
        await serving(undamped, *many)
        async with traffic(undamped.url) as seen:
            for number in range(200):
                each = many[1 + number % 9]
                (drop if number // 9 % 2 else put)(etcd, each)
            drop(etcd, *many[1::2])
            put(etcd, *many[2::2])
            await serving(undamped, many[0], *many[2::2])

        assert seen.failures == []


async def test_changes_that_settle_are_made_together(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    entry = EntryPoint(tmp_path, f"{etcd.uri}/services")
    entry.said["settle"] = "4:600"
    async with instances(5) as many:
        with entry:
            put(etcd, *many)
            await serving(entry, *many)
            await eventually(lambda: ": add " in entry.log, "it is told")

            assert entry.log.count(": add ") == 1


async def test_a_registry_that_dies_takes_no_traffic_with_it(
    start_etcd: StartEtcd, tmp_path: Path
) -> None:
    etcd = start_etcd()
    async with instances(2) as both:
        put(etcd, *both)
        with EntryPoint(tmp_path, f"{etcd.uri}/services") as entry:
            await serving(entry, *both)
            etcd.kill()
            async with traffic(entry.url) as seen:
                await eventually(lambda: "what it held stands" in entry.log, "it is")
                await seen.goes_on()
            assert seen.failures == []

            entry.end()
            entry.start()  # with no registry at all
            await serving(entry, *both)


async def test_a_registry_that_was_emptied_takes_no_traffic_with_it(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(2) as both:
        put(etcd, *both)
        await serving(entry, *both)
        async with traffic(entry.url) as seen:
            etcd.clear()
            await eventually(lambda: "shows no servers" in entry.log, "it is seen")
            await seen.goes_on()

        assert seen.failures == []


async def test_a_registry_that_is_cut_off_takes_no_traffic_with_it(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    with TcpProxy(etcd.port) as network:
        source = f"etcd://127.0.0.1:{network.port}/services"
        async with instances(5) as many:
            put(etcd, *many[:4])
            with EntryPoint(tmp_path, source) as entry:
                await serving(entry, *many[:4])
                async with traffic(entry.url) as seen:
                    network.freeze()
                    drop(etcd, many[0])
                    put(etcd, many[4])
                    await seen.goes_on(200)
                    await serving(entry, *many[:4])

                    network.heal()
                    await serving(entry, *many[1:])
                assert seen.failures == []


async def test_a_registry_that_comes_back_with_half_takes_no_traffic_with_it(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    with TcpProxy(etcd.port) as network:
        source = f"etcd://127.0.0.1:{network.port}/services"
        async with instances(6) as many:
            put(etcd, *many)
            with EntryPoint(tmp_path, source, hold=3600.0) as entry:
                await serving(entry, *many)
                async with traffic(entry.url) as seen:
                    network.refuse()
                    await eventually(
                        lambda: "what it held stands" in entry.log, "it is seen"
                    )
                    drop(etcd, *many[:4])
                    network.listen()
                    await eventually(
                        lambda: "4 of 6 servers went at once" in entry.log, "it is held"
                    )
                    await seen.goes_on()
                    await serving(entry, *many)

                    put(etcd, *many[:2])
                    await serving(entry, *many[:2], *many[4:])
                assert seen.failures == []


async def test_one_that_comes_back_before_it_has_left_stays(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    late, mark = (Instance(name=f"i{port}", port=port) for port in free_ports(2))
    async with instances(1) as [one]:
        put(etcd, one, late)
        await serving(entry, one)
        drop(etcd, one)  # and nobody serves in its place, so it waits
        await eventually(lambda: f"remove 127.0.0.1:{one.port}" in entry.log, "it goes")
        put(etcd, one)
        put(etcd, mark)
        await eventually(
            lambda: f"add 127.0.0.1:{mark.port}" in entry.log, "it is seen"
        )

        async with serve(late):
            await serving(entry, one, late)
            async with traffic(entry.url) as seen:
                await seen.goes_on(100)

            assert seen.failures == []
            assert "enters drain state" not in entry.log


@on_newest_too
async def test_killed_it_leaves_haproxy_serving_and_the_next_goes_on(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(4) as many:
        put(etcd, *many[:2])
        await serving(entry, *many[:2])
        worker = entry.worker
        async with traffic(entry.url) as seen:
            entry.kill()
            drop(etcd, many[0])
            put(etcd, *many[2:])
            await seen.goes_on()
            entry.start()
            await serving(entry, *many[1:])

        assert seen.failures == []
        assert entry.worker == worker or "reloaded" in entry.log


@on_newest_too
async def test_a_haproxy_that_dies_is_started_again_with_the_same(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(3) as many:
        put(etcd, *many[:1])
        await serving(entry, *many[:1])
        put(etcd, *many[1:])
        await serving(entry, *many)
        for process in entry.haproxies():
            os.kill(process, signal.SIGKILL)
        await eventually(lambda: entry.servers() == places(*many), "they serve again")

        assert set(await ask(entry.url, 6)) == {each.name for each in many}


async def test_what_an_operator_or_a_crash_changed_is_put_right(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(2) as both:
        put(etcd, *both)
        await serving(entry, *both)
        entry.ask(f"set server web/127.0.0.1:{both[0].port} state maint")
        put(etcd, both[0])  # anything that has it look

        await serving(entry, *both)


@on_newest_too
async def test_another_configuration_is_taken_up_and_a_wrong_one_is_not(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(1) as [one]:
        put(etcd, one)
        await serving(entry, one)
        web = entry.said["services"]["web"]
        web["frontend"] = ["http-response set-header word two"]
        entry.write()
        entry.hang_up()
        await eventually(lambda: "word two" in entry.file, "it is in force")

        entry.said["services"]["web"] = {**web, "mode": "sideways"}
        entry.write()
        await eventually(lambda: "should be 'tcp' or 'http'" in entry.log, "it is told")

        assert await ask(entry.url, 3) == {one.name: 3}
        assert "word two" in entry.file


@on_newest_too
async def test_a_service_that_haproxy_does_not_take_keeps_no_other_from_serving(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    async with instances(1) as [one]:
        put(etcd, one)
        await serving(entry, one)
        entry.said["services"]["bad"] = {"backend": ["option nonsense"]}
        entry.write()
        await eventually(lambda: "bad is left out" in entry.log, "it is told")

        assert await ask(entry.url, 3) == {one.name: 3}
        assert "nonsense" not in entry.file

        entry.said["services"]["bad"] = {"backend": ["option httpchk"]}
        entry.write()
        await eventually(lambda: "backend bad" in entry.file, "it is mended")


async def test_a_label_that_is_wrong_keeps_its_instance_out_until_it_is_mended(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    def said(instance: Instance, options: str) -> str:
        metadata = {"haproxy_server_options": options}
        place = {"name": "web", "address": "127.0.0.1", "port": instance.port}
        return json.dumps({**place, "id": instance.name, "metadata": metadata})

    source = f"{etcd.uri}/services?format=json"
    with EntryPoint(tmp_path, source) as entry:
        async with instances(2) as [one, two]:
            etcd.put(key(one), said(one, "maxconn 50"))
            etcd.put(key(two), said(two, "maxconn many"))
            await eventually(lambda: "1 left out" in entry.log, "it is told")
            await serving(entry, one)
            async with traffic(entry.url) as seen:
                await seen.goes_on()
                etcd.put(key(two), said(two, "maxconn 60"))
                await serving(entry, one, two)
                await seen.goes_on()
            assert seen.failures == []


async def test_what_registries_hold_reaches_neither_file_nor_socket(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    hostile = ['x";\n', "a;disable frontend web-in", "$HOME", "x\nglobal\n\tmaxconn 1"]
    async with instances(1) as [one]:
        put(etcd, one)
        for number, text in enumerate(hostile):
            etcd.put(
                f"/services/web/{number}",
                json.dumps(
                    {
                        "name": "web",
                        "id": text,
                        "address": "127.0.0.1",
                        "port": one.port,
                        "container": text,
                        "metadata": {"haproxy_server_options": text},
                    }
                ),
            )
        await serving(entry, one)

        assert await ask(entry.url, 3) == {one.name: 3}
        await written(entry, 1)
        assert not any(line in entry.file for line in ("disable", "HOME", "maxconn"))


async def test_words_that_no_socket_is_told_take_a_reload(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    words = 'check inter "100ms" rise 1 fall 2'
    with EntryPoint(tmp_path, f"{etcd.uri}/services", server=words) as entry:
        async with instances(1) as [one]:
            put(etcd, one)
            await serving(entry, one)

            assert await ask(entry.url, 3) == {one.name: 3}


HANGING = """#!/bin/sh
case $1 in -c) [ ! -e "$0.hangs" ] || exec sleep 60 ;; esac
exec haproxy "$@"
"""


async def test_a_check_that_hangs_leaves_the_configuration_as_it_was(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(HANGING)
    program.chmod(0o700)
    entry = EntryPoint(tmp_path, f"{etcd.uri}/services")
    entry.said["haproxy"] |= {"program": str(program), "deadline": 5.0}
    async with instances(1) as [one]:
        put(etcd, one)
        with entry:
            await serving(entry, one)
            (tmp_path / "program.hangs").touch()
            entry.said["drain"] = 5.0
            entry.write()
            await eventually(lambda: "stays as it was" in entry.log, "it is told")

            assert await ask(entry.url, 3) == {one.name: 3}


async def test_asked_to_stop_it_ends_haproxy_and_leaves_nothing(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    assert entry.end() == 0
    await eventually(lambda: not entry.haproxies(), "nothing is left")


def slots(entry: EntryPoint, *some: Instance) -> dict[str, str]:
    """Say which slots these have."""
    rows = [each.split() for each in entry.ask("show servers state web").splitlines()]
    ports = {str(each.port) for each in some}
    return {row[18]: row[3] for row in rows if row[1:2] == ["web"] and row[18] in ports}


@on_newest_too
@pytest.mark.parametrize("balance", ["static-rr", "source"])
async def test_slots_take_servers_at_work_whatever_the_balancing(
    etcd: EtcdServer, tmp_path: Path, balance: str, haproxy_program: str
) -> None:
    said = {"balance": balance, "slots": 8, "damping": None}
    made = EntryPoint(tmp_path, f"{etcd.uri}/services", **said)
    made.said["haproxy"]["program"] = haproxy_program
    async with instances(6) as many:
        put(etcd, *many[:2])
        with made as entry:
            await serving(entry, *many[:2])
            worker = entry.worker
            async with traffic(entry.url) as seen:
                put(etcd, *many[2:4])
                await serving(entry, *many[:4])
                drop(etcd, *many[:2])
                await serving(entry, *many[2:4])
                put(etcd, *many[4:])
                await serving(entry, *many[2:])
                await seen.goes_on()

            assert seen.failures == []
            assert entry.worker == worker
            assert entry.log.count("reloaded") == 1  # as it began

            before = slots(entry, *many[2:])
            entry.kill()
            entry.start()
            put(etcd, many[0])
            await serving(entry, many[0], *many[2:])
            assert slots(entry, *many[2:]) == before


async def test_slots_that_are_all_taken_are_doubled_by_a_reload(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    said = {"balance": "static-rr", "slots": 2}
    async with instances(3) as many:
        put(etcd, *many[:2])
        with EntryPoint(tmp_path, f"{etcd.uri}/services", **said) as entry:
            await serving(entry, *many[:2])
            async with traffic(entry.url) as seen:
                put(etcd, many[2])
                await serving(entry, *many)
                await seen.goes_on()

            assert seen.failures == []
            told = "backend web needs 4 slots, and has 2"
            await eventually(lambda: told in entry.log, "it is told")
