"""Killed after each step that others can see, we or HAProxy, under real traffic."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, UnixConnector

from entrypoint import EntryPoint, key, places, put, serving
from fixtures.etcd import EtcdServer
from fixtures.haproxy import ask
from instances import Instance, instances, traffic
from instances import ask as requests
from waiting import eventually

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]

LOOKING = "show", "wait"


async def settled(entry: EntryPoint, *some: Instance) -> None:
    """Wait until these serve, the file says so, and nothing is left to be done."""
    await serving(entry, *some)
    before = entry.run / ".haproxy.cfg.before"
    await eventually(
        lambda: written(entry) == places(*some) and not before.exists(),
        "the file says so",
    )
    await eventually(lambda: idle(entry), "nothing is left to be done")


async def idle(entry: EntryPoint) -> bool:
    """Ask what it would do: of a HAProxy it knows nothing of it would say so."""
    async with (
        ClientSession(connector=UnixConnector(str(entry.control))) as session,
        session.get("http://localhost/v1/haproxy/plan") as answer,
    ):
        plan = json.loads(await answer.text())
    return answer.status == 200 and not plan["steps"] and not plan["reasons"]


def written(entry: EntryPoint) -> list[str]:
    """List the servers that are in the file."""
    lines = (line.split() for line in entry.file.splitlines())
    return sorted(line[2] for line in lines if line[:1] == ["server"])


class Relay:
    """Stands before HAProxy's socket; after so many changes it kills a process."""

    def __init__(self, entry: EntryPoint, victim: int, changes: int) -> None:
        self._left = changes
        self._last = ""
        self.killed_after = ""
        """The change after which it killed; "": it has not yet."""
        self._victim = victim
        self.real = entry.run / "real.sock"

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line = (await reader.readline()).decode().strip()
        try:
            if self.killed_after:
                return
            passed, killed = self._until_killed(line)
            answer = await asyncio.to_thread(ask, self.real, passed)
            if killed:
                os.kill(self._victim, signal.SIGKILL)
                self.killed_after = self._last
            else:
                writer.write(answer.encode())
        finally:
            writer.close()

    def _until_killed(self, line: str) -> tuple[str, bool]:
        commands = line.split("; ")
        for number, command in enumerate(commands, 1):
            if self._last or command.startswith(LOOKING) or command == "add server":
                continue
            self._left -= 1
            if not self._left:
                self._last = command
                return "; ".join(commands[:number]), True
        return line, False


@asynccontextmanager
async def relayed(entry: EntryPoint, victim: int, changes: int) -> AsyncIterator[Relay]:
    """Have a relay in the place of the runtime socket, which has another name."""
    place, relay = entry.run / "runtime.sock", Relay(entry, victim, changes)
    place.rename(relay.real)
    async with await asyncio.start_unix_server(relay.serve, place):
        there = place.stat().st_ino
        yield relay
    # Whoever took its place has started meanwhile, and is not to lose it.
    if place.stat().st_ino == there:
        relay.real.rename(place)


def above(process: int) -> int:
    """Find the process that started another."""
    text = Path(f"/proc/{process}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])


VICTIMS: dict[str, Callable[[int], int]] = {
    "worker": lambda worker: worker,
    "master": above,
}


async def is_there_anew(entry: EntryPoint, some: Sequence[Instance]) -> None:
    """Wait until another HAProxy serves, and leads to all of these."""
    await eventually(lambda: entry.ask("show info"), "one serves", 60)
    await settled(entry, *some)
    await eventually(lambda: answered(entry, some), "all of them answer", 60)


async def answered(entry: EntryPoint, some: Sequence[Instance]) -> bool:
    try:
        return set(await requests(entry.url, 12)) == {each.name for each in some}
    except ClientError:
        return False  # of a worker that ends after its master


@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_haproxy_killed_after_any_step_of_a_reload_is_there_with_what_is_right(
    etcd: EtcdServer, tmp_path: Path, victim: str
) -> None:
    async with instances(2) as both:
        put(etcd, *both)
        with EntryPoint(tmp_path, f"{etcd.uri}/services") as entry:
            await settled(entry, *both)
            for number, step in enumerate(steps(entry, "", 0)):
                word, worker = f"word-{number}", entry.worker
                process = VICTIMS[victim](worker)
                done = steps(entry, word, worker)
                entry.said["services"]["web"]["frontend"] = [
                    f"http-response set-header x {word}"
                ]
                entry.write()
                await eventually(done[step], step)
                with suppress(ProcessLookupError):  # the old worker may have ended
                    os.kill(process, signal.SIGKILL)
                await eventually(done["finished"], "it is put into force", 60)
                await is_there_anew(entry, both)


def steps(entry: EntryPoint, word: str, worker: int) -> dict[str, Callable[[], bool]]:
    """Say of each step of a reload how it is seen that it is done."""
    file = entry.run / "haproxy.cfg"
    before = file.with_name(".haproxy.cfg.before")
    candidate = file.with_name(".haproxy.cfg.candidate")
    return {
        "written": candidate.exists,
        "set aside": before.exists,
        "swapped": lambda: word in entry.file,
        "reloaded": lambda: entry.worker != worker,
        "finished": lambda: word in entry.file and not before.exists(),
    }


async def test_killed_after_any_step_of_a_reload_it_goes_on_and_drops_nothing(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    async with instances(2) as both:
        put(etcd, *both)
        with EntryPoint(tmp_path, f"{etcd.uri}/services") as entry:
            await settled(entry, *both)
            async with traffic(entry.url) as seen:
                for number, step in enumerate(steps(entry, "", 0)):
                    word = f"word-{number}"
                    done = steps(entry, word, entry.worker)
                    entry.said["services"]["web"]["frontend"] = [
                        f"http-response set-header x {word}"
                    ]
                    entry.write()
                    await eventually(done[step], step)
                    entry.kill()
                    await asyncio.to_thread(entry.start)
                    await eventually(done["finished"], "it is put into force")
                    await settled(entry, *both)
                    await seen.goes_on()

            assert seen.failures == []
            assert {each.name for each in both} <= set(seen.answers)


def has_served(entry: EntryPoint, times: int) -> bool:
    """Say whether it knows of so many HAProxies that they began to serve."""
    return entry.log.count(" serves\n") == times


def ourselves(entry: EntryPoint) -> int:
    return entry.pid


def the_worker(entry: EntryPoint) -> int:
    return entry.worker


def the_master(entry: EntryPoint) -> int:
    return above(entry.worker)


MOST = 12
"""More than there are changes at work by which one server comes and another leaves."""


async def has_killed_or_ended(relay: Relay, entry: EntryPoint, *both: Instance) -> bool:
    return bool(relay.killed_after) or (
        written(entry) == places(*both) and await idle(entry)
    )


async def killed_at_work(
    etcd: EtcdServer,
    entry: EntryPoint,
    many: Sequence[Instance],
    victim: Callable[[EntryPoint], int],
) -> AsyncIterator[str]:
    """Exchange a server, and kill after one more of the changes each time; say which.

    Whoever asks for more has the one that was killed started again. It ends when a
    server was exchanged by fewer changes than were waited for.
    """
    put(etcd, *many[:2])
    await settled(entry, *many[:2])
    for number in range(1, MOST):
        left, stays, comes = many[number - 1 : number + 2]
        async with relayed(entry, victim(entry), number) as relay:
            put(etcd, comes)
            etcd.delete(key(left))
            over = partial(has_killed_or_ended, relay, entry, stays, comes)
            await eventually(over, "it has killed, or all is done")
        if not relay.killed_after:
            return
        yield relay.killed_after.split()[0]
        await settled(entry, stays, comes)


async def test_killed_after_any_change_at_work_it_goes_on_and_drops_nothing(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    killed: set[str] = set()
    async with instances(MOST + 1) as many:
        put(etcd, *many[:2])
        with EntryPoint(tmp_path, f"{etcd.uri}/services") as entry:
            async with traffic(entry.url) as seen:
                async for change in killed_at_work(etcd, entry, many, ourselves):
                    killed.add(change)
                    entry.kill()
                    await asyncio.to_thread(entry.start)
                    await seen.goes_on()

    assert seen.failures == []
    assert killed == {"add", "enable", "set", "del"}


@pytest.mark.parametrize("victim", [the_worker, the_master])
async def test_a_haproxy_killed_after_any_change_at_work_is_there_with_what_is_right(
    etcd: EtcdServer, tmp_path: Path, victim: Callable[[EntryPoint], int]
) -> None:
    killed: set[str] = set()
    async with instances(MOST + 1) as many:
        put(etcd, *many[:2])
        with EntryPoint(tmp_path, f"{etcd.uri}/services") as entry:
            number = 0
            async for change in killed_at_work(etcd, entry, many, victim):
                killed.add(change)
                number += 1
                await eventually(partial(has_served, entry, number + 1), "it is known")
                await is_there_anew(entry, many[number : number + 2])

    assert killed == {"add", "enable", "set", "del"}
