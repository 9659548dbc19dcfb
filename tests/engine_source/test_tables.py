"""Tables by name, and what a change costs them."""

import asyncio
from dataclasses import replace

from registrator.bell import Bell
from registrator.engine_source.tables import Tables
from registrator.model import ContainerId, Service, ServiceId
from registrator.snapshot import Snapshot
from waiting import eventually


def service(name: str, number: int, port: int = 80) -> Service:
    return Service(
        id=ServiceId(f"{name}.{number}"), name=name, address="10.0.0.1", port=port
    )


class Case:
    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.tables = Tables(self.snapshot, "here")

    def have(self, container: str, *services: Service) -> None:
        self.snapshot.replace(ContainerId(container), services, at=0.0)

    def ids(self, name: str = "") -> list[str]:
        return sorted(self.tables.of(name))


def test_services_are_found_by_their_names_and_all_of_them() -> None:
    case = Case()
    case.have("a", service("web", 1), service("db", 1))
    case.have("b", service("web", 2))

    assert case.ids("web") == ["web.1", "web.2"]
    assert case.ids("none") == []
    assert case.ids() == ["db.1", "web.1", "web.2"]
    assert {each.node for each in case.tables.of("").values()} == {"here"}


def test_what_is_to_be_shown_nowhere_is_in_no_table() -> None:
    case = Case()
    case.have("a", service("web", 1))
    case.have("b", service("web", 2))

    case.have("a", replace(service("web", 1), draining="docker stop"))
    assert case.ids() == case.ids("web") == ["web.2"]

    case.have("a", service("web", 1))
    assert case.ids() == ["web.1", "web.2"]


def test_a_table_that_nothing_concerns_stays_the_same() -> None:
    case = Case()
    case.have("a", service("web", 1))
    case.have("b", service("db", 1))
    web, db, every = (case.tables.of(name) for name in ("web", "db", ""))

    case.have("b", service("db", 1, port=81))

    assert case.tables.of("web") is web
    assert case.tables.of("db") is not db
    assert case.tables.of("") is not every
    assert case.tables.of("") is case.tables.of("")


def test_what_comes_back_the_same_is_no_change() -> None:
    case = Case()
    case.have("a", service("web", 1))
    web = case.tables.of("web")

    case.have("a")
    case.have("a", service("web", 1))

    assert case.tables.of("web") is web


def test_one_that_is_renamed_moves() -> None:
    case = Case()
    case.have("a", service("web", 1))
    assert case.ids("web") == ["web.1"]

    moved = Service(id=ServiceId("web.1"), name="api", address="10.0.0.1", port=80)
    case.have("a", moved)

    assert (case.ids("web"), case.ids("api"), case.ids()) == ([], ["web.1"], ["web.1"])


def test_what_a_listing_misses_is_gone() -> None:
    case = Case()
    case.have("a", service("web", 1))
    case.have("b", service("web", 2))
    assert case.ids("web") == ["web.1", "web.2"]

    case.snapshot.forget(ContainerId("a"))
    case.snapshot.listed()

    assert case.ids("web") == case.ids() == ["web.2"]


async def test_a_bell_rings_with_every_change() -> None:
    case = Case()
    bell = Bell()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(case.tables.follow(bell))
        case.have("a", service("web", 1))
        await eventually(lambda: bell.count == 1, "it rings")
        case.have("a")
        await eventually(lambda: bell.count == 2, "it rings again")
        task.cancel()
