"""The whole program with outputs: beside a real HAProxy, and without any."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrypoint import EntryPoint
from fixtures.etcd import EtcdServer
from instances import ask, instances
from waiting import eventually

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


class OutputsAlone(EntryPoint):
    """One that is to have no HAProxy."""

    def __init__(self, directory: Path, *sources: str, **service: Any) -> None:
        super().__init__(directory, *sources, **service)
        self.said["haproxy"] |= {"manage": "nothing", "program": "/nonexistent"}

    def _serves(self) -> bool:
        return self.pid > 0


@pytest.fixture
def alone(etcd: EtcdServer, tmp_path: Path) -> Iterator[OutputsAlone]:
    entry = OutputsAlone(tmp_path, f"{etcd.uri}/services")
    entry.said["outputs"] = [targets(entry)]
    with entry:
        yield entry


def targets(entry: EntryPoint, name: str = "targets.json") -> dict[str, Any]:
    return {"file": str(entry.directory / name), "format": "file-sd"}


def put(etcd: EtcdServer, number: int, service: str = "web") -> None:
    etcd.put(f"/services/{service}/h:{number}:80", f"127.0.0.1:{number}")


def shown(entry: EntryPoint, name: str = "targets.json") -> list[str]:
    """List the targets in a file; one that is not there does not hold yet."""
    groups = json.loads((entry.directory / name).read_text())
    return [target for each in groups for target in each["targets"]]


async def test_outputs_are_kept_where_there_is_to_be_no_haproxy(
    alone: OutputsAlone, etcd: EtcdServer
) -> None:
    put(etcd, 1)
    await eventually(lambda: shown(alone) == ["127.0.0.1:1"], "it is shown")
    put(etcd, 2)
    await eventually(lambda: len(shown(alone)) == 2, "both are shown")

    assert alone.haproxies() == []
    assert not alone.run.exists()


async def test_another_configuration_changes_the_outputs(
    alone: OutputsAlone, etcd: EtcdServer
) -> None:
    put(etcd, 1)
    await eventually(lambda: shown(alone), "it is shown")
    alone.said["outputs"] = [targets(alone, "other.json")]
    alone.write()
    await eventually(lambda: shown(alone, "other.json"), "the other is written")
    put(etcd, 2)
    await eventually(lambda: len(shown(alone, "other.json")) == 2, "it follows")

    assert shown(alone) == ["127.0.0.1:1"]


async def test_without_a_haproxy_what_is_believed_outlives_a_restart(
    alone: OutputsAlone, etcd: EtcdServer
) -> None:
    put(etcd, 1)
    state = alone.directory / "state/haproxy.json"
    await eventually(lambda: "127.0.0.1" in state.read_text(), "it is remembered")
    await eventually(lambda: shown(alone), "it is shown")
    assert alone.end() == 0
    etcd.clear()
    (alone.directory / "targets.json").unlink()
    alone.start()

    await eventually(lambda: shown(alone) == ["127.0.0.1:1"], "it is shown again")


async def test_killed_before_anybody_was_told_the_next_start_tells(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    entry = OutputsAlone(tmp_path, f"{etcd.uri}/services")
    waits = f"touch {tmp_path}/begun; until [ -e {tmp_path}/on ]; do sleep 0.1; done"
    entry.said["outputs"] = [{**targets(entry), "notify": ["sh", "-c", waits]}]
    put(etcd, 1)
    with entry:
        await eventually((tmp_path / "begun").exists, "somebody is being told")
        entry.kill()
        (tmp_path / "on").touch()
        tell = [{**targets(entry), "notify": ["touch", str(tmp_path / "told")]}]
        entry.said["outputs"] = tell
        entry.write()
        entry.start()
        await eventually((tmp_path / "told").exists, "it is told")

        assert shown(entry) == ["127.0.0.1:1"]


async def test_beside_haproxy_what_it_does_not_take_is_shown_all_the_same(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    entry = EntryPoint(tmp_path, f"{etcd.uri}/services")
    source = f"{etcd.uri}/services"
    entry.said["services"]["bad"] = {"from": source, "backend": ["option nonsense"]}
    entry.said["outputs"] = [{**targets(entry), "notify": ["/nonexistent"]}]
    put(etcd, 9, "bad")
    async with instances(1) as [one]:
        put(etcd, one.port)
        with entry:
            both = [f"127.0.0.1:{one.port}", "127.0.0.1:9"]
            await eventually(lambda: sorted(shown(entry)) == sorted(both), "both are")
            await eventually(lambda: "cannot be run" in entry.log, "it is told")
            await eventually(lambda: entry.servers() == both[:1], "the one serves")

            assert await ask(entry.url, 3) == {one.name: 3}
            assert "bad is left out" in entry.log
