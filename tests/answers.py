"""Asks a DNS server as its users do: with dig."""

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What dig read: the response code, and the data of each record, sorted."""

    status: str
    records: tuple[str, ...]


def dig(port: int, name: str, kind: str = "SRV", *options: str) -> Answer:
    """Ask the server on a loopback *port*, and read its whole answer."""
    command = ["dig", "@127.0.0.1", "-p", str(port), name, kind, *options]
    shown = subprocess.run(
        [*command, "+tries=2", "+time=10", "+noall", "+comments", "+answer"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout
    status = shown.partition("status: ")[2].partition(",")[0]
    lines = [line for line in shown.splitlines() if line and not line.startswith(";")]
    data = sorted(line.split(maxsplit=4)[4] for line in lines)
    return Answer(status=status, records=tuple(data))
