"""The first look-ups of a user, with dig."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from registrator.backend import Site
from registrator_dns.backend import DnsBackend
from samples import put, web

REDIS = [
    web(
        f"r{n}",
        name="redis",
        address=f"172.17.0.{n}",
        port=6379,
        tags=("primary",) if n == 2 else (),
        metadata={"version": "7"},
    )
    for n in (2, 3)
]
CROWD = [web(f"c{n}", name="crowd", address=f"10.0.0.{n}") for n in range(1, 101)]


@pytest.fixture
async def backend() -> AsyncIterator[DnsBackend]:
    site = Site(node="host1", address="192.0.2.10")
    async with DnsBackend.from_uri("dns://127.0.0.1:0,[::1]:0", site) as opened:
        await put(opened, *REDIS, *CROWD)
        yield opened


async def dig(backend: DnsBackend, *arguments: str, server: int = 0) -> list[str]:
    """Run dig as a user does; give the lines of its output."""
    address, port = backend.endpoints[server]
    program = await asyncio.create_subprocess_exec(
        "dig",
        f"@{address}",
        "-p",
        str(port),
        "+time=5",
        "+tries=1",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await program.communicate()
    assert program.returncode == 0, output
    return output.decode().splitlines()


async def test_a_service_is_found_with_its_port(backend: DnsBackend) -> None:
    lines = await dig(backend, "+short", "redis.service.consul", "SRV")

    assert sorted(lines) == [
        "1 1 6379 ac110002.addr.dc1.consul.",
        "1 1 6379 ac110003.addr.dc1.consul.",
    ]


@pytest.mark.parametrize("server", [0, 1])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("+tcp",),
        ("+noedns",),
        ("+bufsize=512",),
        ("+bufsize=100",),
        ("+ednsopt=65001:c0ffee",),
        ("+subnet=10.0.0.0/8",),
        ("+nsid", "+cookie=0123456789abcdef"),
        ("+dnssec", "+cd", "+ad", "+norec"),
    ],
    ids=str,
)
async def test_it_is_found_whatever_dig_says_of_itself(
    backend: DnsBackend, options: tuple[str, ...], server: int
) -> None:
    lines = await dig(
        backend, "+short", *options, "primary.redis.service.consul", server=server
    )

    assert lines == ["172.17.0.2"]


async def test_nothing_in_an_answer_makes_dig_warn(backend: DnsBackend) -> None:
    lines = await dig(backend, "redis.service.consul", "SRV", "+norec")

    assert not [line for line in lines if "WARNING" in line or "malformed" in line]
    assert any("flags: qr aa; QUERY: 1, ANSWER: 2, AUTHORITY: 0" in it for it in lines)
    assert any("EDNS: version: 0, flags:; udp: 1232" in line for line in lines)


async def test_a_name_that_is_not_there_is_denied(backend: DnsBackend) -> None:
    lines = await dig(backend, "nope.service.consul")

    assert any("status: NXDOMAIN" in line for line in lines)
    assert any(line.startswith("consul.\t") and "\tSOA\t" in line for line in lines)


async def test_a_later_edns_is_negotiated_down(backend: DnsBackend) -> None:
    lines = await dig(backend, "+edns=1", "+noednsneg", "redis.service.consul")
    again = await dig(backend, "+edns=1", "+short", "redis.service.consul")

    assert any("status: BADVERS" in line for line in lines)
    assert sorted(again) == ["172.17.0.2", "172.17.0.3"]


@pytest.mark.parametrize("options", [(), ("+bufsize=512",), ("+noedns",), ("+tcp",)])
async def test_a_long_answer_is_fetched_over_tcp(
    backend: DnsBackend, options: tuple[str, ...]
) -> None:
    lines = await dig(backend, "+short", *options, "crowd.service.consul")

    assert len(lines) == 100


async def test_what_is_cut_is_shown_as_cut(backend: DnsBackend) -> None:
    lines = await dig(
        backend, "+ignore", "+nocookie", "+bufsize=512", "crowd.service.consul"
    )

    assert any("flags: qr aa tc rd; QUERY: 1, ANSWER: 28" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("-x", "192.0.2.10"), "host1.node.dc1.consul."),
        (("-x", "172.17.0.3"), "redis.service.dc1.consul."),
        (("primary.redis.service.consul", "TXT"), '"version=7" "tags=primary"'),
        (("consul", "NS"), "ns.consul."),
        (("version.bind", "CH", "TXT"), '"registrator"'),
        (("_redis._primary.consul",), "172.17.0.2"),
        (("host1.node.consul",), "192.0.2.10"),
        (("ReDiS.service.consul", "ANY", "+notcp", "+time=5"), "172.17.0.2"),
    ],
    ids=str,
)
async def test_the_rest_of_the_first_look_ups(
    backend: DnsBackend, arguments: tuple[str, ...], answer: str
) -> None:
    lines = await dig(backend, "+short", *arguments)

    assert answer in lines


async def test_another_opcode_is_not_implemented(backend: DnsBackend) -> None:
    lines = await dig(backend, "+opcode=STATUS", "redis.service.consul")

    assert any("status: NOTIMP" in line for line in lines)
