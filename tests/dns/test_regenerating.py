"""All of a zone changes while queries come as fast as a client can send them."""

import asyncio
import itertools
import random
import socket
import threading

import dns.message

from dnsroom import data, query
from registrator.backend import Site
from registrator.model import Service
from registrator_dns.backend import DnsBackend
from samples import put, web

NAMES = 1000
EACH = 3
GENERATIONS = 4
UNDER_WAY = 32
"""Queries at one time, which every socket has room for: what is lost, we lost."""

QUERIES = [query(f"app{name}.service.consul") for name in range(NAMES)]


def snapshot(generation: int) -> list[Service]:
    return [
        web(
            f"{name}.{number}",
            name=f"app{name}",
            address=f"10.{generation}.{name >> 8}.{number << 6 | name & 63}",
        )
        for name in range(NAMES)
        for number in range(EACH)
    ]


class Client(threading.Thread):
    """Asks at random and reads answers, until it is told to stop."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.stopped = threading.Event()
        self.answers: list[tuple[int, bytes]] = []
        """Which name was asked for, and what came."""
        self.lost = 0
        self._port = port

    def run(self) -> None:
        chosen = random.Random(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(("127.0.0.1", self._port))
            asking.settimeout(10)
            while not self.stopped.is_set() and not self.lost:
                names = [chosen.randrange(NAMES) for _ in range(UNDER_WAY)]
                for key, name in enumerate(names):
                    asking.send(key.to_bytes(2) + QUERIES[name][2:])
                self._read(asking, names)

    def _read(self, asking: socket.socket, names: list[int]) -> None:
        due = set(range(len(names)))
        try:
            while due:
                octets = asking.recv(512)
                key = int.from_bytes(octets[:2])
                due.remove(key)
                self.answers.append((names[key], octets))
        except TimeoutError:
            self.lost += len(due)


async def test_every_answer_is_from_the_old_snapshot_or_the_new_and_none_is_lost() -> (
    None
):
    site = Site(node="host1", address="192.0.2.1")
    async with DnsBackend.from_uri("dns://127.0.0.1:0", site) as backend:
        await put(backend, *snapshot(0))
        client = Client(backend.endpoints[0][1])
        seen = [0]
        client.start()
        try:
            for generation in range(1, GENERATIONS):
                await put(backend, *snapshot(generation))
                seen.append(len(client.answers))
        finally:
            client.stopped.set()
            await asyncio.to_thread(client.join)

    assert client.lost == 0
    assert len(client.answers) > 1000
    for generation, (begin, end) in enumerate(itertools.pairwise(seen), start=1):
        # What was under way when a snapshot was complete may be of the one before.
        found = client.answers[begin + UNDER_WAY : end]
        for name, octets in {(name, octets[2:]) for name, octets in found}:
            check(name, b"id" + octets, {generation - 1, generation})


def check(name: int, octets: bytes, generations: set[int]) -> None:
    """See that every instance is there once, as one of the snapshots has it."""
    found = [address.split(".") for address in data(dns.message.from_wire(octets))]
    expected = {f"{name >> 8}.{n << 6 | name & 63}" for n in range(EACH)}
    assert {f"{high}.{low}" for _, _, high, low in found} == expected
    assert len(found) == EACH
    assert {int(generation) for _, generation, _, _ in found} <= generations
