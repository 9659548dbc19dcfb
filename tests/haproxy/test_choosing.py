"""Which servers a host uses, and in which order: always the same ones."""

from typing import Any

import pytest

from registrator_haproxy.choosing import Candidate, choose
from registrator_haproxy.configuration.model import Service
from registrator_haproxy.layout import Server


def server(number: int) -> Server:
    return Server(name=f"s{number}", address=f"10.0.0.{number}", port=80)


MANY = tuple(server(n) for n in range(20))


def chosen(
    *some: Server, seed: str = "h1", at_most: int = 0, order: str = "host"
) -> tuple[Server, ...]:
    service = Service.model_validate({"order": order, "at-most": at_most})
    return choose([Candidate(server=each) for each in some], service, seed)


def tiered(*distances: int, **said: Any) -> dict[str, Server]:
    """Choose of servers that are so far away, by the names they would have if near."""
    service = Service.model_validate(
        {key.replace("_", "-"): value for key, value in said.items()}
    )
    candidates = [
        Candidate(server=server(number), distance=distance)
        for number, distance in enumerate(distances)
    ]
    return {each.address: each for each in choose(candidates, service, "h1")}


def test_the_order_is_this_hosts_own_and_always_the_same() -> None:
    here, there = chosen(*MANY), chosen(*MANY, seed="h2")

    assert chosen(*reversed(MANY)) == here
    assert set(there) == set(here) == set(MANY)
    assert there != here


def test_one_more_or_less_moves_no_other() -> None:
    without = [each for each in chosen(*MANY) if each.name != "s7"]

    assert list(chosen(*MANY[:7], *MANY[8:])) == without


def test_of_many_a_host_takes_some_and_keeps_to_them() -> None:
    some = chosen(*MANY, at_most=5)
    fewer = [each for each in MANY if each is not some[0]]

    assert len(some) == 5
    assert chosen(*fewer, at_most=5)[:4] == some[1:]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("name", [1, 2, 3]),
        ("name-descending", [3, 2, 1]),
        ("registry", [2, 3, 1]),
    ],
)
def test_other_orders_are_the_same_on_every_host(
    order: str, numbers: list[int]
) -> None:
    shown = [server(n) for n in (2, 3, 1)]

    assert [int(each.name[1:]) for each in chosen(*shown, order=order)] == numbers


def numbers(found: dict[str, Server]) -> list[int]:
    return sorted(int(address.rpartition(".")[2]) for address in found)


@pytest.mark.parametrize(
    ("distances", "least", "near"),
    [
        ((0, 0, 1, 2), 1, [0, 1]),
        ((0, 0, 1, 2), 2, [0, 1]),
        ((0, 0, 1, 2), 3, [0, 1, 2]),
        ((0, 0, 1, 2), 9, [0, 1, 2, 3]),
        ((2, 1, 1), 1, [1, 2]),
        ((), 1, []),
    ],
)
def test_the_next_nearest_join_while_the_near_are_too_few(
    distances: tuple[int, ...], least: int, near: list[int]
) -> None:
    assert numbers(tiered(*distances, far="none", near_at_least=least)) == near
    kept = tiered(*distances, far="backup", near_at_least=least)
    assert numbers(kept) == list(range(len(distances)))
    assert [n for n in numbers(kept) if not kept[f"10.0.0.{n}"].backup] == near


def test_one_in_reserve_has_a_name_of_its_own_at_the_place_it_had() -> None:
    before, after = tiered(0, 1, far="alike"), tiered(0, 1, far="backup")

    assert [*before] == [*after]
    assert after["10.0.0.1"].name == "s1_backup"


def test_of_the_near_and_of_the_far_so_many_are_used_each() -> None:
    found = tiered(0, 0, 0, 1, 1, 1, far="backup", at_most=2)

    assert sorted(each.backup for each in found.values()) == [False, False, True, True]


def test_far_ones_get_a_share() -> None:
    found = tiered(0, 1, far="weight", far_weight=20)

    assert [found[f"10.0.0.{n}"].weight for n in (0, 1)] == [100, 20]
