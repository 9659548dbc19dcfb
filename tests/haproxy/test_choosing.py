"""Which servers a host uses, and in which order: always the same ones."""

import pytest

from registrator_haproxy.choosing import choose
from registrator_haproxy.configuration.model import Service
from registrator_haproxy.layout import Server


def server(number: int) -> Server:
    return Server(name=f"s{number}", address=f"10.0.0.{number}", port=80)


MANY = tuple(server(n) for n in range(20))


def chosen(
    *some: Server, seed: str = "h1", at_most: int = 0, order: str = "host"
) -> tuple[Server, ...]:
    service = Service.model_validate({"order": order, "at-most": at_most})
    return choose(some, service, seed)


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
