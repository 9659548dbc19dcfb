"""What is out of use by order, as tables for people."""

from registrator.ctl.screen import console, table, text
from registrator.orders_views import DrainView, OrdersView


def orders(found: OrdersView) -> None:
    """Print what is in maintenance, and what is drained."""
    screen = console()
    if found["maintenance"]:
        listed = table("MAINTENANCE", "NAME", "SINCE", "REASON", "SERVICES")
        for each in found["maintenance"]:
            listed.add_row(
                text(each["scope"]),
                text(each["name"] or "-"),
                text(each["since"]),
                text(each["reason"] or "-"),
                text(", ".join(each["services"]) or "-"),
            )
        screen.print(listed)
    if found["drains"]:
        listed = table("DRAINED", "SINCE", "WHY", "SERVES ON", "STILL IN")
        for drain in found["drains"]:
            listed.add_row(
                text(drain["name"] or drain["container"][:12]),
                text(drain["since"]),
                text(drain["why"]),
                text(f"{drain['left']:.0f} s"),
                text(_holders(drain)),
            )
        screen.print(listed)


def _holders(drain: DrainView) -> str:
    return ", ".join(sorted({each["registry"] for each in drain["holders"]})) or "-"
