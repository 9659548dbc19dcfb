"""What is as long as can be, between a daemon and its responders."""

import pytest

from dnsprocesses import Make, ask, killed, port_of, process
from dnsroom import data
from registrator_dns.refusals import LONGEST
from samples import put, web


@pytest.mark.parametrize("character", ["\x01", "\N{BEETLE}"])
async def test_the_largest_there_is_can_be_taken_over_too(
    make: Make, character: str
) -> None:
    """Where everything is escaped, they would be six octets, and twelve."""
    text = character * (LONGEST - 100)
    services = [
        web(f"here:{n}", metadata={"x": text}, address="10.0.0.2") for n in range(70)
    ]
    async with killed(first := make()):
        await put(first, *services)
        pid = process(first)
        assert data(await ask(port_of(first))) == ["10.0.0.2"]
        async with make() as second:
            assert process(second) == pid
            assert len(await second.owned()) == 70
            assert data(await ask(port_of(second))) == ["10.0.0.2"]
