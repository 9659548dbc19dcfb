"""What is as long as can be, between a daemon and its responders."""

import asyncio

import dns.rcode
import pytest

from dnsprocesses import Make, ask, killed, port_of, process
from dnsroom import data
from registrator.backend import Site
from registrator.model import Instance
from registrator_dns.backend import DnsBackend
from registrator_dns.process.frames import frame, written
from registrator_dns.refusals import LONGEST
from samples import put, web
from servers import free_ports


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


@pytest.mark.parametrize("options", ["", "?ttl=2"])
async def test_who_cannot_say_what_it_shows_is_replaced_on_the_same_port(
    site: Site, options: str
) -> None:
    """As where an earlier version let in what is too long for this one."""
    (port,) = free_ports(1)
    large = Instance(id="a", name="web", address="10.0.0.2", port=80, image="x" * 2**21)
    async with killed(DnsBackend.from_uri(f"dns://127.0.0.1:{port}", site)):
        assert site.runtime is not None
        (feed,) = site.runtime.parent.glob("*.sock")
        reader, writer = await asyncio.open_unix_connection(str(feed))
        writer.write(frame({"op": "begin", "patience": 60.0}))
        for number in range(40):
            told = {f"own/{number}": written(large)}
            writer.write(frame({"op": "put", "instances": told}))
        writer.write_eof()
        await reader.read()
        writer.close()

        uri = f"dns://127.0.0.1:{port}{options}"
        async with DnsBackend.from_uri(uri, site) as second:
            assert await second.owned() == {}
            assert (await ask(port)).rcode() == dns.rcode.NXDOMAIN
