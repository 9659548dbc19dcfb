"""Which commands are said for what, and when they are known to have been followed."""

import pytest

from registrator_haproxy.layout import Server
from registrator_haproxy.runtime import orders
from registrator_haproxy.runtime.live import Admin, LiveServer, State
from registrator_haproxy.runtime.orders import Order

POOL = "pool-purge-delay 5s pool-max-conn -1"
OWN_POOL = "pool-max-conn 9 pool-purge-delay 5s"


def there(**changes: object) -> LiveServer:
    values: dict[str, object] = {
        "backend": "b",
        "name": "s",
        "id": 1,
        "address": "10.0.0.1",
        "host": "",
        "port": 80,
        "state": State.RUNNING,
        "admin": Admin.READY,
        "weight": 1,
        "checked": False,
        "agent_checked": False,
    }
    return LiveServer(**values | changes)  # type: ignore[arg-type] # by name only


def wanted(*options: str, **changes: object) -> Server:
    values = {"name": "s", "address": "10.0.0.1", "port": 80, "options": options}
    return Server(**values | changes)  # type: ignore[arg-type] # by name only


def said(order: Order) -> list[str]:
    return [" ".join(words) for words in order.commands]


@pytest.mark.parametrize(
    ("server", "commands"),
    [
        (
            wanted(),
            [f"add server b/s 10.0.0.1:80 {POOL}", "set server b/s state ready"],
        ),
        (
            wanted(address="::1", id=7, cookie="c", weight=0, backup=True),
            [
                f"add server b/s ::1:80 id 7 cookie c weight 0 backup {POOL}",
                "set server b/s state ready",
            ],
        ),
        (
            wanted("enabled", "check", "agent-check", "pool-max-conn", "9"),
            [
                f"add server b/s 10.0.0.1:80 check agent-check {OWN_POOL}",
                "enable health b/s",
                "enable agent b/s",
                "set server b/s state ready",
            ],
        ),
        (wanted("disabled"), [f"add server b/s 10.0.0.1:80 disabled {POOL}"]),
    ],
)
def test_a_server_is_added_with_every_option_and_enabled_last(
    server: Server, commands: list[str]
) -> None:
    assert said(orders.add("b", server, None)) == commands


def test_a_server_that_is_there_is_given_only_what_can_be_given() -> None:
    order = orders.add("b", wanted("check", weight=3), there())

    assert said(order) == [
        "enable health b/s",
        "set server b/s weight 3",
        "set server b/s state ready",
    ]


@pytest.mark.parametrize(
    ("server", "live", "holds"),
    [
        (wanted(), there(), True),
        (wanted(), there(weight=9, checked=True, agent_checked=True), True),
        (wanted(weight=3), there(weight=3), True),
        (wanted(weight=3), there(), False),
        (wanted("check"), there(checked=True), True),
        (wanted("check"), there(), False),
        (wanted("agent-check"), there(), False),
        (wanted(), there(admin=Admin.FORCED_MAINT), False),
        (wanted(), there(admin=Admin.FORCED_DRAIN), False),
        (wanted(), there(admin=Admin.INHERITED_MAINT), True),
        (wanted("disabled"), there(admin=Admin.FORCED_MAINT), True),
        (wanted(), there(port=81), False),
        (wanted(), there(address="10.0.0.2"), False),
        (wanted(), there(address="", host="web"), False),
        (wanted(address="web"), there(host="web"), True),
        (wanted(address="web"), there(), False),
        (wanted(address="0:0::1"), there(address="::1"), True),
    ],
)
def test_adding_is_done_when_the_server_is_as_wanted(
    server: Server, live: LiveServer, holds: bool
) -> None:
    assert orders.add("b", server, None).holds(live) is holds


@pytest.mark.parametrize(
    ("order", "command", "done"),
    [
        (orders.weigh("b", "s", 5), "set server b/s weight 5", there(weight=5)),
        (orders.ready("b", "s"), "set server b/s state ready", there()),
        (
            orders.drain("b", "s"),
            "set server b/s state drain",
            there(admin=Admin.FORCED_DRAIN),
        ),
        (
            orders.maintain("b", "s"),
            "set server b/s state maint",
            there(admin=Admin.FORCED_MAINT),
        ),
    ],
)
def test_a_change_is_one_command_and_done_when_it_is_seen(
    order: Order, command: str, done: LiveServer
) -> None:
    both = there(weight=6, admin=Admin.FORCED_MAINT | Admin.FORCED_DRAIN)

    assert said(order) == [command]
    assert order.holds(done)
    assert order.holds(both) is (command == "set server b/s state maint")


def test_a_server_is_deleted_after_it_was_asked_about() -> None:
    assert orders.removability("b", "s") == ("wait", "10ms", "srv-removable", "b/s")
    assert orders.deletion("b", "s") == ("del", "server", "b/s")


def test_a_prepared_place_is_filled_from_maintenance_on() -> None:
    order = orders.fill("b", wanted("check", weight=5))

    assert said(order) == [
        "set server b/s state maint",
        "set server b/s addr 10.0.0.1 port 80",
        "set server b/s weight 5",
        "set server b/s state ready",
    ]
    assert order.holds(there(weight=5, admin=Admin.CONFIGURED_MAINT))
    assert not order.holds(there(weight=1))
    assert not order.holds(there(weight=5, port=81))
    assert not order.holds(there(weight=5, admin=Admin.FORCED_MAINT))


def test_a_place_that_was_left_is_in_maintenance_and_leads_nowhere() -> None:
    order = orders.clear("b", "s")

    assert said(order)[-1] == "set server b/s addr 127.0.0.1 port 1"
    nowhere = there(address="127.0.0.1", port=1, admin=Admin.FORCED_MAINT)
    assert order.holds(nowhere)
    assert not order.holds(there(admin=Admin.FORCED_MAINT))
    assert not order.holds(there(address="127.0.0.1", port=1))
