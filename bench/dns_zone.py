"""The zone that every name server of the benchmark shows, and what it is asked."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NAMES: Final = 1000
INSTANCES: Final = 3
DOMAIN: Final = "consul"


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of one service."""

    number: int
    """Which of the service's it is, from 0."""
    name: str
    address: str
    port: int

    @property
    def owner(self) -> str:
        """The service's whole name."""
        return f"{self.name}.service.{DOMAIN}"

    @property
    def target(self) -> str:
        """The name that has just this address, as Consul makes it."""
        octets = bytes(map(int, self.address.split(".")))
        return f"{octets.hex()}.addr.dc1.{DOMAIN}"


def instances(names: int = NAMES, each: int = INSTANCES) -> Iterator[Instance]:
    """Yield *each* instances of so many services; every one has its own address."""
    for name in range(names):
        for number in range(each):
            serial = name * each + number
            address = f"10.{serial >> 16}.{serial >> 8 & 255}.{serial & 255}"
            yield Instance(number, f"app{name:04}", address, 8000 + name % 1000)


def records() -> Iterator[str]:
    """Yield the lines of a zone file; names are whole."""
    for each in instances():
        yield f"{each.owner}. 0 IN A {each.address}"
        yield f"{each.owner}. 0 IN SRV 1 1 {each.port} {each.target}."
        yield f"{each.target}. 0 IN A {each.address}"


def questions(count: int = 50_000) -> Iterator[str]:
    """Yield lines for dnsperf: random names, SRV and A in turn."""
    chosen = random.Random(4)  # the same in every run
    for number in range(count):
        kind = "A" if number % 2 else "SRV"
        yield f"app{chosen.randrange(NAMES):04}.service.{DOMAIN} {kind}"
