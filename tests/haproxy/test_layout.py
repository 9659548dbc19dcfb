"""What follows from a server's values."""

import pytest

from registrator_haproxy.layout import Server


def server(weight: int | None, *options: str) -> Server:
    return Server(name="a", address="fd00::1", port=80, weight=weight, options=options)


@pytest.mark.parametrize(
    ("weight", "options", "in_force"),
    [
        (None, (), 1),
        (0, (), 0),
        (256, (), 256),
        (None, ("check", "weight", "0"), 0),
        (None, ("weight", "7", "backup"), 7),
        (None, ("weight", "7", "weight", "8"), 8),
        (None, ("check", "weight", "x"), 1),
        (None, ("check", "weight"), 1),
    ],
)
def test_the_weight_in_force_is_what_the_line_makes_of_it(
    weight: int | None, options: tuple[str, ...], in_force: int
) -> None:
    assert server(weight, *options).weight_in_force == in_force


def test_a_place_is_as_haproxy_reads_it() -> None:
    assert server(None).place == "fd00::1:80"
