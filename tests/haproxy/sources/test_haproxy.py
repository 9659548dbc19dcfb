"""HAProxy's backend follows a source that no registry is: here a file."""

import json
from pathlib import Path

import pytest

from entrypoint import EntryPoint
from instances import Instance, instances, traffic
from waiting import eventually

pytestmark = pytest.mark.needs_haproxy


def swap(path: Path, *some: Instance) -> None:
    entries = [{"name": e.name, "host": "127.0.0.1", "port": e.port} for e in some]
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(entries))
    beside.replace(path)


def places(*some: Instance) -> list[str]:
    return sorted(f"127.0.0.1:{each.port}" for each in some)


async def test_a_backend_follows_a_file_without_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    async with instances(3) as all_three:
        one, two, three = all_three
        swap(path, one, two)
        with EntryPoint(tmp_path, path.as_uri()) as entry:
            await eventually(lambda: entry.servers() == places(one, two), "two serve")
            worker = entry.worker
            async with traffic(entry.url) as seen:
                swap(path, two, three)
                await eventually(
                    lambda: entry.servers() == places(two, three), "the third serves"
                )
                path.write_text("[")
                await eventually(lambda: "not JSON" in entry.log, "it is told")
                await eventually(
                    lambda: entry.servers() == places(two, three), "nothing is taken"
                )
                swap(path, one, two, three)
                await eventually(
                    lambda: entry.servers() == places(one, two, three), "all serve"
                )
                await seen.goes_on()

            assert seen.failures == []
            assert entry.worker == worker
