"""How far away servers are, and what the far ones have to do."""

import pytest

from registrator_haproxy import tiers
from registrator_haproxy.layout import Server


def server(weight: int | None, *options: str) -> Server:
    return Server(name="s", address="a", port=1, weight=weight, options=options)


@pytest.mark.parametrize(
    ("zones", "steps"),
    [
        ([], ()),
        ([""], ()),
        (["eu-west-1/a"], ("eu-west-1", "a")),
        (["eu-west-1", "a"], ("eu-west-1", "a")),
        (["/eu//a/"], ("eu", "a")),
    ],
)
def test_a_zone_is_one_text_or_several(
    zones: list[str], steps: tuple[str, ...]
) -> None:
    assert tiers.steps(zones) == steps


@pytest.mark.parametrize(
    ("here", "there", "distance"),
    [
        ("eu/a", "eu/a", 0),
        ("eu/a", "eu/a/rack1", 0),
        ("eu/a", "eu/b", 1),
        ("eu/a", "eu", 1),
        ("eu/a", "us/a", 2),
        ("eu/a", "", 2),
        ("", "eu/a", 0),
    ],
)
def test_the_more_two_have_in_common_the_nearer_they_are(
    here: str, there: str, distance: int
) -> None:
    assert tiers.distance(tiers.steps([here]), tiers.steps([there])) == distance


@pytest.mark.parametrize(
    ("distances", "least", "reach"),
    [
        ([], 3, 0),
        ([2, 0, 1, 0], 1, 0),
        ([2, 0, 1, 0], 2, 0),
        ([2, 0, 1, 0], 3, 1),
        ([2, 0, 1, 0], 4, 2),
        ([2, 0, 1, 0], 5, 2),
        ([2, 2], 1, 2),
    ],
)
def test_near_are_so_many_as_are_asked_for(
    distances: list[int], least: int, reach: int
) -> None:
    assert tiers.reach(distances, least) == reach


def test_one_that_is_a_backup_of_its_own_will_is_one_already() -> None:
    [first, second] = tiers.in_reserve([server(1), server(1, "backup")])

    assert (first.name, first.backup) == ("s_backup", True)
    assert second == server(1, "backup")


@pytest.mark.parametrize(
    ("near", "far", "percent", "weights"),
    [
        ([1], [1], 10, [100, 10]),
        ([None], [None], 1, [100, 1]),
        ([1, 2], [1], 50, [100, 200, 50]),
        ([100], [1], 10, [200, 1]),
        ([256], [256], 10, [256, 26]),
        ([0], [0], 10, [0, 0]),
        ([], [3], 100, [255]),
        ([], [], 10, []),
    ],
)
def test_what_is_far_weighs_a_share(
    near: list[int | None],
    far: list[int | None],
    percent: int,
    weights: list[int],
) -> None:
    found = tiers.weighed([*map(server, near)], [*map(server, far)], percent)

    assert [each.weight for each in found] == weights


def test_a_weight_that_its_own_words_say_is_the_one_that_is_shared() -> None:
    near, far = tiers.weighed(
        [server(None, "check", "weight", "2")], [server(None, "weight", "2")], 10
    )

    assert (near.weight, near.options) == (200, ("check",))
    assert (far.weight, far.options) == (20, ())
