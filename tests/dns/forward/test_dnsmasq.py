"""A responder that forwards to a real server, asked with dig."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dnsbound import Bound
from dnsroom import responder
from registrator_dns.forward.forwarder import Forwarder
from registrator_dns.forward.options import NAMES, read
from samples import web
from servers import Server as Process
from servers import free_ports

RECORDS = (
    "--host-record=www.example.org,192.0.2.1,2001:db8::1",
    "--cname=alias.example.org,www.example.org",
    "--srv-host=_http._tcp.example.org,www.example.org,80,1,2",
    "--mx-host=example.org,www.example.org,5",
    "--ptr-record=9.2.0.192.in-addr.arpa,www.example.org",
    *(f"--txt-record=many.example.org,{number:0>200}" for number in range(30)),
)


class Dnsmasq(Process):
    """dnsmasq, which knows a few names of example.org and asks nobody else."""

    def __init__(self, directory: Path) -> None:
        (self.port,) = free_ports(1)
        settings = (
            *("--keep-in-foreground", "--conf-file=/dev/null", "--pid-file="),
            *("--no-resolv", "--no-hosts", "--bind-interfaces", "--local-ttl=60"),
            *("--listen-address=127.0.0.1", f"--port={self.port}"),
            "--local=/example.org/",
        )
        super().__init__(["dnsmasq", *settings, *RECORDS], directory, self._answers_dig)

    def _answers_dig(self) -> bool:
        command = ["dig", "@127.0.0.1", "-p", str(self.port), "+tries=1", "+time=1"]
        return not subprocess.run(
            [*command, "www.example.org"], capture_output=True, check=False
        ).returncode


@pytest.fixture(scope="module")
def dnsmasq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dnsmasq]:
    with Dnsmasq(tmp_path_factory.mktemp("dnsmasq")) as started:
        yield started


@pytest.fixture
async def server(dnsmasq: Dnsmasq) -> AsyncIterator[Bound]:
    pairs = {**NAMES, "upstream": f"127.0.0.1:{dnsmasq.port}"}
    answers = responder(web(), forwards=True)
    forwarder = Forwarder(read(pairs, []))
    async with Bound([("127.0.0.1", 0)], answers.answer, forwarder=forwarder) as opened:
        yield opened


async def dig(server: Bound, *arguments: str) -> list[str]:
    """Run dig as a user does; give the lines of its output."""
    address, port = server.endpoints[0]
    program = await asyncio.create_subprocess_exec(
        *("dig", f"@{address}", "-p", str(port), "+time=9", "+tries=1", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await program.communicate()
    assert program.returncode == 0, output
    return output.decode().splitlines()


@pytest.mark.parametrize("options", [(), ("+tcp",), ("+noedns",), ("+dnssec", "+cd")])
@pytest.mark.parametrize(
    ("question", "lines"),
    [
        (("www.example.org",), ["192.0.2.1"]),
        (("WWW.example.org", "AAAA"), ["2001:db8::1"]),
        (("alias.example.org",), ["www.example.org.", "192.0.2.1"]),
        (("_http._tcp.example.org", "SRV"), ["1 2 80 www.example.org."]),
        (("example.org", "MX"), ["5 www.example.org."]),
        (("web.service.consul",), ["10.0.0.1"]),
    ],
    ids=str,
)
async def test_both_worlds_are_found(
    server: Bound,
    question: tuple[str, ...],
    lines: list[str],
    options: tuple[str, ...],
) -> None:
    for _ in range(2):
        assert await dig(server, "+short", *options, *question) == lines


async def test_nothing_in_an_answer_makes_dig_warn(server: Bound) -> None:
    for _ in range(2):
        lines = await dig(server, "www.example.org")

        assert not [it for it in lines if "WARNING" in it or "malformed" in it]
        assert any("flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTH" in it for it in lines)


async def test_what_is_not_there_is_denied(server: Bound) -> None:
    lines = await dig(server, "nope.example.org")

    assert any("status: NXDOMAIN" in line for line in lines)


@pytest.mark.parametrize("options", [(), ("+noedns",), ("+tcp",)])
async def test_a_long_answer_is_fetched_over_tcp(
    server: Bound, options: tuple[str, ...]
) -> None:
    for _ in range(2):
        lines = await dig(server, "+short", *options, "many.example.org", "TXT")

        assert len(lines) == 30


async def test_an_outage_is_a_failure_and_over_with_it(
    server: Bound, dnsmasq: Dnsmasq
) -> None:
    with dnsmasq.outage():
        lines = await dig(server, "www.example.org")
        local = await dig(server, "+short", "web.service.consul")
    again = await dig(server, "+short", "www.example.org", "AAAA")

    assert any("status: SERVFAIL" in line for line in lines)
    assert local == ["10.0.0.1"]
    assert again == ["2001:db8::1"]
