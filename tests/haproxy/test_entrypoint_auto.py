"""Services that ask for their places: a real registry, HAProxy, and requests."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from entrypoint import EntryPoint
from fixtures.etcd import EtcdServer, StartEtcd
from instances import Instance, instances
from servers import free_ports
from waiting import eventually

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


def put(etcd: EtcdServer, service: str, instance: Instance, **asked: str) -> None:
    said = {
        "id": f"h:{service}:80",
        "name": service,
        "address": "127.0.0.1",
        "port": instance.port,
        "metadata": {f"haproxy_{key}": value for key, value in asked.items()},
    }
    etcd.put(key(service), json.dumps(said))


def key(service: str) -> str:
    return f"/services/{service}/h:{service}:80"


async def answer(port: int, host: str = "localhost", path: str = "/") -> str:
    """Say who answers, or why nobody does."""
    url = f"http://127.0.0.1:{port}{path}"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers={"Host": host}) as response,
        ):
            return await response.text() if response.status == 200 else "none"
    except aiohttp.ClientError:
        return "refused"


async def answers(
    who: str, port: int, host: str = "localhost", path: str = "/"
) -> None:
    async def is_so() -> bool:
        return await answer(port, host, path) == who

    await eventually(is_so, f"{who} answers")


def started(tmp_path: Path, etcd: EtcdServer, port: int, keep: float) -> EntryPoint:
    entry = EntryPoint(tmp_path)
    entry.said["services"] = {}
    entry.more = ["--auto", f"{etcd.uri}/services", "--auto-listen", str(port)]
    entry.more += ["--auto-keep", str(keep)]
    return entry


async def test_services_are_where_they_ask_to_be_for_as_long_as_they_are_there(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    shared, own = free_ports(2)
    async with instances(3) as (web, api, late):
        put(etcd, "web", web, port=str(own))
        put(etcd, "zzz", api, port=str(own))
        put(etcd, "busy", api, port=str(late.port))
        put(etcd, "nothing", api)
        put(etcd, "api", api, host="api.example.org", path="/v1")
        put(etcd, "other", late, host="*.example.org")
        with started(tmp_path, etcd, shared, keep=0.0) as entry:
            await answers(web.name, own)
            await answers(api.name, shared, "api.example.org", "/v1/users")
            await answers(late.name, shared, "api.example.org", "/v2")
            assert await answer(shared, "example.com") == "none"
            for says in (
                f"zzz gets no place: port {own} is that of service web",
                f"busy gets no place: port {late.port}: another program listens there",
            ):
                await eventually(partial(entry.has_said, says), "it is told")

            etcd.delete(key("web"))
            await answers(api.name, own)  # the other one that asked for it


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--auto", "nothing://x", "--auto", "void:"], "--auto: "),
        (["--auto", "etcd://127.0.0.1", "--auto-listen", "x"], "--auto-listen: 'x' is"),
        ([], "give a configuration, or --auto URI"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    arguments: list[str], why: str
) -> None:
    command = [sys.executable, "-m", "registrator_haproxy", "--check-config"]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False
    )

    assert (done.returncode, why in done.stderr) == (2, True)


@pytest.mark.parametrize("stop", [EntryPoint.end, EntryPoint.kill])
async def test_a_start_without_the_registry_has_the_places_of_before(
    stop: Callable[[EntryPoint], object], start_etcd: StartEtcd, tmp_path: Path
) -> None:
    etcd = start_etcd()
    shared, own = free_ports(2)
    async with instances(1) as (web,):
        put(etcd, "web", web, port=str(own), path="/")
        with started(tmp_path, etcd, shared, keep=60.0) as entry:
            await answers(web.name, own)
            kept = tmp_path / "state/haproxy.json"
            await eventually(
                lambda: kept.exists() and str(web.port) in kept.read_text(), "is kept"
            )
            etcd.kill()
            stop(entry)
            entry.start()
            await answers(web.name, own)
            await answers(web.name, shared)
            assert "gets no place" not in entry.log
