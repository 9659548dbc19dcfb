"""What is done at work, what takes a reload, and why."""

from dataclasses import dataclass, replace

import pytest

from registrator_haproxy.difference import Act, Difference, Step, changes, difference
from registrator_haproxy.layout import Backend, Layout, Section, Server


@dataclass(frozen=True)
class Lives:
    weight: int = 1
    ready: bool = True
    unused: bool = False
    place: str = ""

    def is_at(self, address: str, port: int) -> bool:
        return self.place == f"{address}:{port}"


def server(number: int, weight: int | None = None, *options: str) -> Server:
    return Server(
        name=f"s{number}",
        address=f"10.0.0.{number}",
        port=80,
        weight=weight,
        options=options,
    )


def layout(*servers: Server, dynamic: bool = True) -> Layout:
    return Layout(
        fixed=(
            Section(title="global"),
            Section(title="defaults", lines=("mode http",)),
        ),
        frontends=(Section(title="frontend web-in", lines=("bind :80",)),),
        backends={
            "web": Backend(
                name="web", lines=("mode http",), servers=servers, dynamic=dynamic
            )
        },
    )


A, B = server(1), server(2)
AB = layout(A, B)
BOTH = {("web", "s1"): Lives(), ("web", "s2"): Lives()}


def step(act: Act, name: str, its: Server | None = None) -> Step:
    return Step(act=act, backend="web", name=name, server=its)


def test_where_all_is_as_it_is_to_be_nothing_is_done() -> None:
    assert difference(AB, AB, BOTH) == Difference()


def test_what_runs_has_to_be_known() -> None:
    assert difference(None, AB, BOTH).reasons == (
        "it is not known what HAProxy runs with",
    )


@pytest.mark.parametrize("loaded", [layout(A), AB])
def test_a_server_that_is_not_there_is_added(loaded: Layout) -> None:
    found = difference(loaded, AB, {("web", "s1"): Lives()})

    assert found == Difference(steps=(step(Act.ADD, "s2", B),))


@pytest.mark.parametrize("loaded", [layout(A), AB])
def test_a_server_too_many_is_removed(loaded: Layout) -> None:
    assert difference(loaded, layout(A), BOTH) == Difference(
        steps=(step(Act.REMOVE, "s2"),)
    )


def test_nothing_is_removed_before_all_is_added() -> None:
    found = difference(layout(A), layout(B), {("web", "s1"): Lives()})

    assert [each.act for each in found.steps] == [Act.ADD, Act.REMOVE]


@pytest.mark.parametrize(
    ("wanted", "lives"),
    [
        (server(1, 5), Lives(weight=1)),
        (server(1), Lives(weight=5)),
        (server(1, 0), Lives(weight=1)),
        (server(1, None, "weight", "9"), Lives(weight=1)),
    ],
)
def test_a_weight_is_changed_at_work(wanted: Server, lives: Lives) -> None:
    found = difference(layout(wanted), layout(wanted), {("web", "s1"): lives})

    assert found == Difference(steps=(step(Act.WEIGH, "s1", wanted),))


@pytest.mark.parametrize(
    "wanted", [server(1, 5), server(1, None, "check", "weight", "5")]
)
def test_the_weight_that_is_wanted_is_no_change(wanted: Server) -> None:
    alive = {("web", "s1"): Lives(weight=5)}

    assert difference(layout(wanted), layout(wanted), alive) == Difference()


def test_one_that_was_drained_is_made_ready() -> None:
    alive = {**BOTH, ("web", "s2"): Lives(ready=False)}

    assert difference(AB, AB, alive) == Difference(steps=(step(Act.READY, "s2", B),))


def test_servers_and_backends_that_are_not_ours_are_left_alone() -> None:
    others = {("stats", "x"): Lives(ready=False), ("other", "y"): Lives()}

    assert difference(AB, AB, {**BOTH, **others}) == Difference()


def test_other_options_take_a_reload_where_the_server_lives() -> None:
    other = layout(A, server(2, None, "check"))

    assert difference(AB, other, BOTH).reasons == ("server web/s2 has other options",)
    assert difference(AB, other, {("web", "s1"): Lives()}).steps == (
        step(Act.ADD, "s2", other.backends["web"].servers[1]),
    )


STATIC = "backend web has a balancing that takes no changes of servers: s2"


@pytest.mark.parametrize(
    ("wanted", "alive"),
    [
        ((A, B), {("web", "s1"): Lives()}),
        ((A,), BOTH),
        ((A, server(2, 7)), BOTH),
    ],
)
def test_static_balancing_takes_a_reload(
    wanted: tuple[Server, ...], alive: dict[tuple[str, str], Lives]
) -> None:
    loaded = layout(A, B, dynamic=False)

    assert difference(loaded, layout(*wanted, dynamic=False), alive).reasons == (
        STATIC,
    )


MORE = Section(title="frontend more-in", lines=("bind :81",))


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (replace(AB, frontends=(*AB.frontends, MORE)), ["frontend more-in is new"]),
        (replace(AB, frontends=()), ["frontend web-in is gone"]),
        (
            replace(AB, fixed=(Section(title="global", lines=("x",)), AB.fixed[1])),
            ["global has other lines"],
        ),
        (replace(AB, fixed=AB.fixed[::-1]), ["the sections have another order"]),
        (replace(AB, backends={}), ["backend web is gone"]),
        (
            replace(AB, backends={**AB.backends, "db": Backend(name="db")}),
            ["backend db is new"],
        ),
        (
            replace(AB, backends={"web": replace(AB.backends["web"], lines=("x",))}),
            ["backend web has other lines"],
        ),
        (
            replace(AB, frontends=(MORE,), backends={}),
            [
                "frontend more-in is new",
                "frontend web-in is gone",
                "backend web is gone",
            ],
        ),
    ],
)
def test_all_else_takes_a_reload_and_every_reason_is_named(
    wanted: Layout, reasons: list[str]
) -> None:
    assert difference(AB, wanted, BOTH) == Difference(reasons=tuple(reasons))


def test_static_balancing_without_a_change_takes_nothing() -> None:
    static = layout(A, server(2, 7), dynamic=False)
    alive = {("web", "s1"): Lives(), ("web", "s2"): Lives(weight=7)}
    same = layout(A, server(2, 7), dynamic=False)

    assert difference(static, same, alive) == Difference()


def test_of_a_backend_that_is_not_compared_only_the_lines_are() -> None:
    other = replace(AB, backends={"web": replace(AB.backends["web"], lines=("x",))})

    assert changes(AB, layout(A), {}) == Difference()
    assert changes(AB, other, {}).reasons == ("backend web has other lines",)


SPARE = Server(name="slot", address="127.0.0.1", port=1, options=("check",))


def slots(*held: Server | None, dynamic: bool = False) -> Layout:
    """Lay out places; None: nobody has it."""
    empty = replace(SPARE, options=("check", "disabled"))
    servers = tuple(
        replace(each or empty, name=f"slot{number}")
        for number, each in enumerate(held, 1)
    )
    backend = Backend(name="web", servers=servers, spare=SPARE, dynamic=dynamic)
    return Layout(backends={"web": backend})


def living(*places: str) -> dict[tuple[str, str], Lives]:
    """Have these live; "" is a place that nobody has."""
    return {
        ("web", f"slot{number}"): Lives(place=place, unused=not place)
        for number, place in enumerate(places, 1)
    }


C = replace(A, options=("check",))
IN_ONE = slots(C, None)
PLACED = replace(C, name="slot1")


def test_places_that_are_as_they_are_to_be_are_left_alone() -> None:
    assert difference(IN_ONE, IN_ONE, living("10.0.0.1:80", "")) == Difference()


@pytest.mark.parametrize(
    ("places", "steps"),
    [
        (("", ""), (step(Act.FILL, "slot1", PLACED),)),
        (("10.0.0.9:80", ""), (step(Act.FILL, "slot1", PLACED),)),
        (("10.0.0.1:80", "10.0.0.2:80"), (step(Act.CLEAR, "slot2"),)),
        (
            ("", "10.0.0.2:80"),
            (step(Act.FILL, "slot1", PLACED), step(Act.CLEAR, "slot2")),
        ),
    ],
)
def test_places_are_filled_and_cleared_at_work(
    places: tuple[str, ...], steps: tuple[Step, ...]
) -> None:
    assert difference(slots(None, None), IN_ONE, living(*places)).steps == steps


@pytest.mark.parametrize("dynamic", [True, False])
def test_weights_of_places_are_changed_where_the_balancing_takes_that(
    dynamic: bool,
) -> None:
    layout = slots(replace(C, weight=7), dynamic=dynamic)
    found = difference(layout, layout, living("10.0.0.1:80"))

    assert [each.act for each in found.steps] == ([Act.WEIGH] if dynamic else [])
    assert bool(found.reasons) is not dynamic


def test_more_places_take_a_reload() -> None:
    found = difference(IN_ONE, slots(C, None, None, None), living("10.0.0.1:80", ""))

    assert found.reasons == ("backend web needs 4 slots, and has 2",)


def test_words_of_a_place_take_a_reload() -> None:
    other = slots(replace(C, options=("check", "backup")), None)

    assert difference(IN_ONE, other, living("10.0.0.1:80", "")).reasons == (
        "server web/slot1 has other options",
    )
