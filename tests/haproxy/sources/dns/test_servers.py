"""Names at real servers, as they come and go."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from daemons import Daemon
from registrator import stores
from registrator.readable import Site
from servers import Server, free_ports
from standin import Fake
from standins import standin_with
from waiting import until
from watching import Watched, watching

MANY = 200
RECORDS = (
    "--host-record=a.example,192.0.2.1,2001:db8::1",
    "--host-record=b.example,2001:db8::2",
    "--cname=alias.example,a.example",
    "--srv-host=_web._tcp.example,a.example,8080,1,20",
    "--srv-host=_web._tcp.example,b.example,8081,2,10",
    "--srv-host=_lost._tcp.example,a.example,80",
    "--srv-host=_lost._tcp.example,nowhere.example,80",
    *(f"--srv-host=_many._tcp.example,a.example,{9000 + n}" for n in range(MANY)),
)


class Dnsmasq(Server):
    """dnsmasq, which knows names of example and nothing else."""

    def __init__(self, directory: Path, records: Sequence[str] = RECORDS) -> None:
        (self.port,) = free_ports(1)
        settings = (
            *("--keep-in-foreground", "--conf-file=/dev/null", "--pid-file="),
            *("--no-resolv", "--no-hosts", "--bind-interfaces", "--local=/example/"),
            *("--listen-address=127.0.0.1", f"--port={self.port}"),
        )
        super().__init__(["dnsmasq", *settings, *records], directory, self._answers_dig)

    def _answers_dig(self) -> bool:
        command = ["dig", "@127.0.0.1", "-p", str(self.port), "+tries=1", "+time=1"]
        asked = [*command, "a.example"]
        return not subprocess.run(asked, capture_output=True, check=False).returncode


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers waited for, however busy the machine is."""
    resolver = "registrator_haproxy.sources.dns.resolver"
    monkeypatch.setattr(f"{resolver}._DEADLINE", 30.0)


@pytest.fixture(scope="module")
def dnsmasq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dnsmasq]:
    with Dnsmasq(tmp_path_factory.mktemp("dnsmasq")) as started:
        yield started


async def shows(seen: Watched, *wanted: str) -> None:
    def places() -> list[str]:
        return sorted(f"{each.address} {each.port}" for each in seen.instances)

    await seen.until(lambda: places() == sorted(wanted), f"{wanted} are shown")


@pytest.mark.parametrize(
    ("scheme", "name", "wanted"),
    [
        ("dns-a", "a", ["192.0.2.1 0", "2001:db8::1 0"]),
        ("dns-a", "alias", ["192.0.2.1 0", "2001:db8::1 0"]),
        ("dns-a", "b", ["2001:db8::2 0"]),
        ("dns-a", "nowhere", []),
        ("dns-srv", "_web._tcp", ["192.0.2.1 8080", "2001:db8::2 8081"]),
        ("dns-srv", "a", []),
        (
            "dns-srv",
            "_many._tcp",
            [f"192.0.2.1 {9000 + number}" for number in range(MANY)],
        ),
    ],
)
async def test_what_dnsmasq_knows_is_shown(
    dnsmasq: Dnsmasq, scheme: str, name: str, wanted: list[str]
) -> None:
    uri = f"{scheme}://127.0.0.1:{dnsmasq.port}/example"
    source = stores.readable(uri, Site(node="here"))
    async with source, watching(source, name) as seen:
        await shows(seen, *wanted)


async def test_a_target_that_dnsmasq_does_not_know_takes_all_with_it(
    dnsmasq: Dnsmasq,
) -> None:
    uri = f"dns-srv://127.0.0.1:{dnsmasq.port}/example"
    source = stores.readable(uri, Site(node="here"))
    async with source, watching(source, "_lost._tcp") as seen:
        assert "nowhere.example has no address" in str(await seen.ended())


async def test_what_dnsmasq_refuses_is_no_answer(dnsmasq: Dnsmasq) -> None:
    uri = f"dns-a://127.0.0.1:{dnsmasq.port}/elsewhere"
    source = stores.readable(uri, Site(node="here"))
    async with source, watching(source, "a") as seen:
        assert "says REFUSED" in str(await seen.ended())


async def test_containers_come_and_go_by_the_responders_srv_records() -> None:
    def fake(number: int, weight: int) -> Fake:
        return Fake(
            name=f"web.{number}",
            image="web",
            environment=(f"SERVICE_WEIGHT={weight}",),
            ports={"80/tcp": 8000 + number},
        )

    (port,) = free_ports(1)
    with (
        standin_with(fake(1, 10)) as engine,
        Daemon(
            f"dns://127.0.0.1:{port}", f"-docker-host={engine.uri}", "-ip=10.0.0.9"
        ) as daemon,
    ):
        until(daemon.settled, "the first round")
        uri = f"dns-srv://127.0.0.1:{port}/service.consul?max=0.2"
        source = stores.readable(uri, Site(node="here"))
        async with source, watching(source, "web") as seen:
            await shows(seen, "10.0.0.9 8001")
            assert [each.weight for each in seen.instances] == [10]
            engine.start(fake(2, 20))
            await shows(seen, "10.0.0.9 8001", "10.0.0.9 8002")
            engine.remove(fake(1, 10))
            await shows(seen, "10.0.0.9 8002")
            daemon.end()
            assert "cannot be reached" in str(await seen.ended())
