"""Names that are asked for: a real name server, and hostile ones."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from dns.exception import DNSException

from datagram_peers import answering, datagram_peer, nothing
from peers import sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome
from registrator.health.probes.lookup import DnsProbe
from servers import Server, free_ports
from waiting import eventually

PATIENCE = 60.0
RECORDS = (
    "--host-record=web.test,10.0.0.1",
    "--host-record=web.test,10.0.0.2",
    "--host-record=six.test,fd00::1",
    "--cname=alias.test,web.test",
    "--txt-record=told.test,with blanks",
    "--srv-host=_db._tcp.test,web.test,5432",
)


class Dnsmasq(Server):
    """A name server that knows `RECORDS`, and forwards nothing."""

    def __init__(self, directory: Path) -> None:
        (self.port,) = free_ports(1)
        settings = ("--no-daemon", "--no-hosts", "--no-resolv", "--conf-file=/dev/null")
        place = (f"--port={self.port}", "--listen-address=127.0.0.1")
        own = ("--bind-interfaces", "--pid-file=", "--user=root", "--local=/test/")
        command = ["dnsmasq", *settings, *place, *own, *RECORDS]
        super().__init__(command, directory, self._is_there)

    def _is_there(self) -> bool:
        query = dns.message.make_query("web.test", "A")
        try:
            dns.query.udp(query, "127.0.0.1", 1, self.port)
        except DNSException:
            return False
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dnsmasq]:
    with Dnsmasq(tmp_path_factory.mktemp("dnsmasq")) as started:
        yield started


async def run(target: str | int, asked: str, expect: str = "") -> Outcome:
    place = f"127.0.0.1:{target}" if isinstance(target, int) else target
    check = Check(kind="dns", target=place, asked=asked, expect=expect)
    async with asyncio.timeout(PATIENCE):
        return await DnsProbe(Means()).run(check)


async def failure(target: str | int, asked: str, expect: str = "") -> str:
    with pytest.raises(Failed) as caught:
        await run(target, asked, expect)
    return str(caught.value)


@pytest.mark.parametrize(
    ("asked", "expect", "said"),
    [
        ("web.test", "", "A 10.0.0."),
        ("WEB.test.", "10.0.0.2", "A 10.0.0.2"),
        ("web.test A", "10.0.0.1", "A 10.0.0.1"),
        ("six.test aaaa", "fd00::1", "AAAA fd00::1"),
        ("alias.test", "10.0.0.1", "CNAME web.test."),
        ("told.test TXT", "with blanks", 'TXT "with blanks"'),
        ("_db._tcp.test  SRV ", "5432 web.test", "SRV 0 0 5432 web.test."),
    ],
)
async def test_a_name_with_records_passes(
    server: Dnsmasq, asked: str, expect: str, said: str
) -> None:
    outcome = await run(server.port, asked, expect)

    assert outcome.status is Status.PASSING
    assert outcome.output.startswith(f"127.0.0.1:{server.port}: ")
    assert said in outcome.output


@pytest.mark.parametrize(
    ("asked", "expect", "said"),
    [
        ("nope.test", "", "answers NXDOMAIN"),
        ("elsewhere.example", "", "answers REFUSED"),
        ("web.test MX", "", "has no records for 'web.test MX'"),
        ("web.test", "10.0.0.3", "answers without '10.0.0.3': A 10.0.0."),
    ],
)
async def test_a_name_without_what_is_wanted_fails(
    server: Dnsmasq, asked: str, expect: str, said: str
) -> None:
    assert said in await failure(server.port, asked, expect)


@pytest.mark.parametrize(
    "asked",
    ["", " ", "a..b", "x" * 64, "web.test NOPE", f"{'x.' * 200}test", "a\ud800"],
)
async def test_what_cannot_be_asked_for_is_said_to_be_so(asked: str) -> None:
    said = await failure("127.0.0.1:53", asked)

    assert "asked for" in said or said == "there is no name to ask for"


async def test_where_nobody_is_there_it_is_refused() -> None:
    (port,) = free_ports(1)

    assert await failure(port, "web.test") == f"127.0.0.1:{port}: connection refused"


async def test_one_that_is_silent_leaves_nothing_open() -> None:
    before = sockets()
    async with datagram_peer(nothing) as silent:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await run(silent.place, "web.test")

    await eventually(lambda: sockets() <= before, "all is closed")


async def test_garbage_is_not_listened_to_for_ever() -> None:
    garbage = (b"", b"\xff" * 100, b"\0" * 12, b"no DNS", b"x" * 60_000) * 10
    async with datagram_peer(answering(*garbage)) as hostile:
        said = await failure(hostile.place, "web.test")

    assert said == "16 answers, and none to the question"


async def test_answers_to_other_questions_are_passed_over() -> None:
    async with datagram_peer(_misleading) as hostile:
        outcome = await run(hostile.place, "web.test", "10.9.9.9")

    assert outcome.output == f"{hostile.place}: A 10.9.9.9"


def _misleading(packet: bytes) -> Iterable[bytes]:
    query = dns.message.from_wire(packet)
    other = dns.message.make_response(dns.message.make_query("other.test", "A"))
    forged = dns.message.make_response(query)
    forged.id ^= 1
    yield packet
    yield from (other.to_wire(), forged.to_wire())
    yield _answer(query).to_wire()


def _answer(query: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(query)
    name = query.question[0].name
    answer.answer.append(dns.rrset.from_text(name, 1, "IN", "A", "10.9.9.9"))
    return answer


async def test_an_answer_that_is_cut_short_is_said_to_be() -> None:
    def cut(packet: bytes) -> Iterable[bytes]:
        answer = dns.message.make_response(dns.message.from_wire(packet))
        answer.flags |= dns.flags.TC
        yield answer.to_wire()

    async with datagram_peer(cut) as server:
        said = await failure(server.place, "web.test")

    assert said == "has no records for 'web.test', and the answer is cut short"


async def test_no_check_reaches_a_clouds_secrets() -> None:
    assert "is refused" in await failure("169.254.169.254:53", "web.test")
