"""What only a stand-in engine can stage: bursts, gaps, lies and absences."""

from collections.abc import Iterator

import pytest

from answers import dig
from daemons import Daemon
from servers import free_ports
from standins import StandInProcess, standin
from waiting import until


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(0) as running:
        yield running


@pytest.fixture
def dns_port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture
def daemon(engine: StandInProcess, dns_port: int) -> Daemon:
    """A daemon that is not started yet."""
    return Daemon(
        f"dns://127.0.0.1:{dns_port}", f"-docker-host={engine.uri}", "-ip=10.0.0.1"
    )


def holds(daemon: Daemon, count: int) -> bool:
    [backend] = daemon.status()["backends"]
    return backend["records"] == count and len(daemon.services()) == count


def test_300_starts_in_one_write_are_300_services_and_300_deaths_none(
    engine: StandInProcess, daemon: Daemon, dns_port: int
) -> None:
    with daemon:
        until(daemon.settled, "the first round")
        engine.tell("start?first=0&count=300")
        until(lambda: holds(daemon, 300), "300 services")
        found = dig(dns_port, "s299.service.consul").status
        engine.tell("die?first=0&count=300")
        until(lambda: holds(daemon, 0), "no service")
        gone = dig(dns_port, "s299.service.consul").status

    assert (found, gone) == ("NOERROR", "NXDOMAIN")


def test_a_container_that_starts_during_the_first_listing_is_registered(
    engine: StandInProcess, daemon: Daemon
) -> None:
    engine.tell("start?first=0&count=3")
    engine.tell("hold?kind=list")
    with daemon:
        until(lambda: engine.counts()["list"] == 1, "the listing is asked for")
        engine.tell("start?first=3&count=1")
        until(lambda: daemon.services("s03"), "the newcomer")
        engine.tell("release?kind=list")
        until(lambda: holds(daemon, 4), "all four")


def test_a_container_that_dies_during_the_first_listing_is_not_registered(
    engine: StandInProcess, daemon: Daemon
) -> None:
    engine.tell("start?first=0&count=3")
    engine.tell("hold?kind=list")
    with daemon:
        until(lambda: engine.counts()["list"] == 1, "the listing is asked for")
        engine.tell("die?first=2&count=1")
        engine.tell("release?kind=list")
        until(daemon.settled, "the round is over")

        assert holds(daemon, 2)


def test_what_happens_while_the_stream_is_broken_is_made_up_for(
    engine: StandInProcess, daemon: Daemon
) -> None:
    engine.tell("start?first=0&count=20")
    with daemon:
        until(lambda: holds(daemon, 20), "the first 20")
        engine.tell("cut")
        engine.tell("die?first=0&count=5")
        engine.tell("start?first=20&count=10")
        until(lambda: holds(daemon, 25), "25 services")

        until(lambda: daemon.status()["well"], "all is well again")


def test_a_container_that_is_gone_before_it_is_looked_at_is_nothing(
    engine: StandInProcess, daemon: Daemon
) -> None:
    with daemon:
        until(daemon.settled, "the first round")
        engine.tell("start?first=0&count=1")
        engine.tell("remove?first=0&count=1")
        engine.tell("start?first=1&count=1")
        until(lambda: holds(daemon, 1), "the one that stays")

        assert [each["service"] for each in daemon.services()] == ["s01"]


def test_an_inspection_that_fails_is_repeated(
    engine: StandInProcess, daemon: Daemon
) -> None:
    with daemon:
        until(daemon.settled, "the first round")
        engine.tell("fail?kind=inspect&status=500&times=3")
        engine.tell("start?first=0&count=1")
        until(lambda: holds(daemon, 1), "the service")


def test_a_listing_that_fails_removes_nothing(
    engine: StandInProcess, daemon: Daemon
) -> None:
    engine.tell("start?first=0&count=5")
    with daemon:
        until(lambda: holds(daemon, 5), "five services")
        engine.tell("fail?kind=list&status=500&times=3")
        engine.tell("end")
        until(lambda: engine.counts()["list"] >= 5, "the listing is repeated")
        until(daemon.settled, "the round is over")

        assert holds(daemon, 5)


def test_an_engine_that_is_away_for_ten_seconds_costs_nothing(
    engine: StandInProcess, daemon: Daemon, dns_port: int
) -> None:
    engine.tell("start?first=0&count=10")
    with daemon:
        until(lambda: holds(daemon, 10), "ten services")
        engine.tell("away?seconds=10")
        until(
            lambda: not daemon.status()["engine"]["connected"], "the engine is missed"
        )
        meanwhile = dig(dns_port, "s03.service.consul").status
        until(lambda: daemon.status()["engine"]["connected"], "the engine is back", 30)
        engine.tell("start?first=10&count=1")
        until(lambda: holds(daemon, 11), "eleven services")

        assert meanwhile == "NOERROR"
        assert daemon.log.count("trying again") < 5


def test_containers_that_vanish_all_at_once_are_listed_twice_before_they_go(
    engine: StandInProcess, daemon: Daemon
) -> None:
    engine.tell("start?first=0&count=10")
    with daemon:
        until(lambda: holds(daemon, 10), "ten services")
        listings = daemon.status()["engine"]["listings"]
        engine.tell("lose?first=0&count=10")
        engine.tell("end")
        until(lambda: holds(daemon, 0), "no service")

        assert daemon.status()["engine"]["listings"] >= listings + 2
        assert "listed again" in daemon.log
