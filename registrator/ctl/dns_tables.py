"""What DNS responders say of themselves and of their answers, as tables for people."""

from registrator.ctl.screen import coloured, console, table, text
from registrator.dns_views import DnsAnswerView, DnsRecordView, ResponderView


def answer(found: DnsAnswerView) -> None:
    """Print one line for each record of an answer."""
    out = console()
    out.print(
        text(
            f"{found['responder']}: {found['name']} {found['type']}:"
            f" {found['rcode']}{_because(found['reason'])}"
        )
    )
    if not found["records"]:
        return
    lines = table("SECTION", "NAME", "TTL", "TYPE", "DATA", "FROM")
    for record in found["records"]:
        lines.add_row(
            text(record["section"]),
            text(record["name"]),
            text(str(record["ttl"])),
            text(record["type"]),
            text(record["data"]),
            text(_origin(record)),
        )
    out.print(lines)


def responder(found: ResponderView) -> None:
    """Print what a responder shows, and what it has answered."""
    out = console()
    listen = ", ".join(found["listen"])
    out.print(
        text(f"{found['responder']} on {listen}: instances: {found['instances']}")
    )
    if found["readings"]:
        lines = table("READS", "STATE", "AGE", "INSTANCES", "ERROR")
        for each in found["readings"]:
            state = "current" if each["known"] and not each["age"] else "away"
            lines.add_row(
                text(each["registry"]),
                coloured(state),
                text(f"{each['age']:.0f} s"),
                text(str(each["instances"])),
                text(each["error"] or "-"),
            )
        out.print(lines)
    lines = table("ANSWERED", "COUNT")
    for name, count in found["counters"].items():
        if count:
            lines.add_row(text(name), text(str(count)))
    out.print(lines)


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _origin(record: DnsRecordView) -> str:
    return ", ".join(
        f"{each['id']} on {each['node'] or 'an unknown host'}"
        + (f" in {each['registry']}" if each["registry"] else "")
        for each in record["sources"]
    )
