"""What follows from orders for a service."""

from itertools import combinations

import pytest

from registrator.errors import Rejected
from registrator.fitness import Cause, Status
from registrator.health import orders
from registrator.health.orders import HOST, Drain, Maintenance, Orders, Scope, Target
from registrator.model import ContainerId
from samples import CONTAINER, web

WEB = Target(scope=Scope.SERVICE, name="web")
ONE = Target(scope=Scope.CONTAINER, name=CONTAINER)
OTHER = ContainerId("0" * 64)
DRAIN = Drain(why="docker stop", since=1.0)
SPECIFIC = (ONE, WEB, HOST)
"""The most particular first."""


def maintenance(reason: str = "upgrade", since: float = 1.0) -> Maintenance:
    return Maintenance(reason=reason, since=since)


def test_what_nobody_ordered_stays_as_it_is() -> None:
    service = web()

    assert Orders().judge(service) is service


@pytest.mark.parametrize("target", SPECIFIC, ids=lambda each: str(each.scope))
def test_any_order_of_maintenance_takes_a_service_out_of_use(target: Target) -> None:
    judged = Orders({target: maintenance()}).judge(web())

    assert judged.status is Status.CRITICAL
    assert judged.finding.cause is Cause.MAINTENANCE
    assert judged.maintenance == "upgrade"
    assert not judged.withheld


@pytest.mark.parametrize(
    "target",
    [Target(scope=Scope.SERVICE, name="db"), Target(scope=Scope.CONTAINER, name=OTHER)],
    ids=["service", "container"],
)
def test_what_was_ordered_of_others_does_not_matter(target: Target) -> None:
    assert Orders({target: maintenance()}).judge(web()) == web()


@pytest.mark.parametrize("targets", list(combinations(SPECIFIC, 2)))
def test_the_most_particular_order_gives_the_reason(
    targets: tuple[Target, Target],
) -> None:
    given = {each: maintenance(each.scope) for each in reversed(targets)}

    assert Orders(given).judge(web()).maintenance == targets[0].scope


def test_an_order_without_a_reason_leaves_it_to_one_that_has_one() -> None:
    given = {ONE: maintenance(""), HOST: maintenance("power")}

    assert Orders(given).judge(web()).maintenance == "power"
    assert Orders({ONE: maintenance("")}).judge(web()).maintenance == ""


def test_a_drained_container_is_in_no_registry_for_a_reason() -> None:
    judged = Orders(drains={CONTAINER: DRAIN}).judge(web())

    assert judged.withheld
    assert judged.draining == "docker stop"
    assert judged.maintenance is None


def test_a_drain_and_a_maintenance_are_both_said() -> None:
    judged = Orders({WEB: maintenance()}, {CONTAINER: DRAIN}).judge(web())

    assert (judged.maintenance, judged.draining) == ("upgrade", "docker stop")


def test_what_is_lifted_is_over_and_every_change_is_told() -> None:
    given = Orders()

    assert given.maintain(WEB, maintenance())
    given.drain(CONTAINER, DRAIN)
    assert given.changes.count == 2

    assert given.relieve(WEB)
    assert given.undrain(CONTAINER)
    assert given.changes.count == 4
    assert given.judge(web()) == web()


def test_what_was_not_ordered_cannot_be_lifted() -> None:
    given = Orders()

    assert not given.relieve(WEB)
    assert not given.undrain(CONTAINER)
    assert given.changes.count == 0


def test_a_second_order_changes_the_reason_and_not_since_when() -> None:
    given = Orders({WEB: maintenance("upgrade", 1.0)})

    assert not given.maintain(WEB, maintenance("broken disk", 2.0))

    assert given.maintained[WEB] == maintenance("broken disk", 1.0)


def test_with_a_container_its_orders_go_and_no_others() -> None:
    given = Orders(
        dict.fromkeys(SPECIFIC, maintenance()), {CONTAINER: DRAIN, OTHER: DRAIN}
    )
    assert given.containers() == {CONTAINER, OTHER}

    given.forget(CONTAINER)

    assert given.maintained.keys() == {WEB, HOST}
    assert given.drains.keys() == {OTHER}


def test_there_is_an_end_to_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST", 1)
    given = Orders({HOST: maintenance()}, {OTHER: DRAIN})

    with pytest.raises(Rejected, match="1 targets are in maintenance already"):
        given.maintain(WEB, maintenance())
    with pytest.raises(Rejected, match="1 containers are drained already"):
        given.drain(CONTAINER, DRAIN)

    given.maintain(HOST, maintenance("more"))
    given.drain(OTHER, DRAIN)
