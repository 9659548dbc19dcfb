"""Who has which place: kept, freed, and found again in the file."""

from dataclasses import dataclass, replace

import pytest

from registrator_haproxy.layout import Backend, Layout, Server
from registrator_haproxy.render import render
from registrator_haproxy.slots import Slots

SPARE = Server(name="slot", address="127.0.0.1", port=1, options=("check",))


@dataclass(frozen=True)
class Lives:
    """A place as HAProxy has it."""

    place: str = "127.0.0.1:1"
    ready: bool = False
    unused: bool = True


def server(number: int) -> Server:
    return Server(
        name=f"10.0.0.{number}:80",
        address=f"10.0.0.{number}",
        port=80,
        weight=number,
        options=("check",),
    )


def layout(*numbers: int, slots: int = 4) -> Layout:
    servers = tuple(map(server, numbers))
    web = Backend(name="web", servers=servers, spare=SPARE, slots=slots)
    return Layout(backends={"api": Backend(name="api", servers=servers), "web": web})


def held(filled: Layout) -> list[int]:
    """List who has each place; 0: nobody."""
    servers = filled.backends["web"].servers
    assert [each.name for each in servers] == [
        f"slot{number}" for number in range(1, len(servers) + 1)
    ]
    return [0 if each.unused else int(each.address[-1]) for each in servers]


def test_each_server_has_a_place_and_the_rest_nobody() -> None:
    filled = Slots().fill(layout(1, 2))
    web = filled.backends["web"].servers

    assert held(filled) == [1, 2, 0, 0]
    assert web[1] == replace(server(2), name="slot2")
    assert web[3] == replace(SPARE, name="slot4", options=("check", "disabled"))


def test_a_backend_without_places_is_as_it_was() -> None:
    wanted = layout(1, 2)

    assert Slots().fill(wanted).backends["api"] is wanted.backends["api"]


def test_what_has_not_changed_is_the_same_object() -> None:
    slots, wanted = Slots(), layout(1, 2)

    assert slots.fill(wanted).backends["web"] is slots.fill(wanted).backends["web"]


def test_whoever_has_a_place_keeps_it_in_whatever_order_they_come() -> None:
    slots = Slots()
    slots.fill(layout(1, 2))

    assert held(slots.fill(layout(3, 2, 1))) == [1, 2, 3, 0]


def test_a_place_that_was_left_is_given_to_others_when_nobody_is_at_it() -> None:
    slots = Slots()
    slots.fill(layout(1, 2))
    slots.fill(layout(2))

    assert held(slots.fill(layout(2, 3))) == [0, 2, 3, 0]

    slots.see({"web": {"slot1": Lives("10.0.0.1:80", unused=False)}})
    assert held(slots.fill(layout(2, 3, 4))) == [0, 2, 3, 4]

    slots.see({"web": {"slot1": Lives()}, "other": {}})
    assert held(slots.fill(layout(2, 3, 4, 5))) == [5, 2, 3, 4]


def test_who_comes_back_has_the_place_that_was_left() -> None:
    slots = Slots()
    slots.fill(layout(1, 2))
    slots.fill(layout(2))

    assert held(slots.fill(layout(2, 1))) == [1, 2, 0, 0]


def test_after_a_reload_all_that_were_left_are_free() -> None:
    slots = Slots()
    slots.fill(layout(1, 2))
    slots.fill(layout(2))
    slots.begin_anew()

    assert held(slots.fill(layout(2, 3))) == [3, 2, 0, 0]


def test_a_place_that_was_left_by_somebody_of_before_is_not_free() -> None:
    slots = Slots()
    slots.fill(layout(1))
    lives = {"slot1": Lives("10.0.0.1:80", unused=False)}
    slots.see({"web": {**lives, "slot2": Lives("10.0.0.9:80", unused=False)}})

    assert held(slots.fill(layout(1, 2))) == [1, 0, 2, 0]


@pytest.mark.parametrize(("more", "count"), [(3, 4), (4, 4), (5, 8), (9, 16)])
def test_too_few_places_are_doubled(more: int, count: int) -> None:
    assert len(held(Slots().fill(layout(*range(1, more + 1))))) == count


def test_they_are_not_fewer_than_they_have_grown_to() -> None:
    slots = Slots()
    slots.fill(layout(1, 2, 3, 4, 5))

    assert held(slots.fill(layout(5))) == [0, 0, 0, 0, 5, 0, 0, 0]


def test_the_file_says_who_has_which() -> None:
    slots = Slots()
    slots.fill(layout(1, 2, 3, 4, 5))
    filled = slots.fill(layout(2, 5))
    after = Slots(render(filled))

    assert render(after.fill(layout(2, 5, slots=2))) == render(filled)
    assert held(after.fill(layout(5, 2, 7))) == [7, 2, 0, 0, 5, 0, 0, 0]


def test_a_file_without_places_says_nothing() -> None:
    text = "defaults\n\nfrontend f\n\tserver slot1 10.0.0.1:80\n\nbackend web\n"

    assert held(Slots(text).fill(layout(1))) == [1, 0, 0, 0]


def test_what_runs_says_it_better_than_the_file() -> None:
    slots = Slots(render(Slots().fill(layout(1, 2, 3))))
    lives = {
        "slot1": Lives(),
        "slot2": Lives("10.0.0.1:80", ready=True, unused=False),
        "slot3": Lives("10.0.0.9:80", unused=False),
        "slot4": Lives(),
        "other": Lives("10.0.0.8:80", ready=True, unused=False),
    }
    slots.find({"web": lives, "api": {"other": Lives()}})

    assert held(slots.fill(layout(1, 2, 3))) == [2, 1, 0, 3]
