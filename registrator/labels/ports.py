"""Which ports a container has: exposed, published, or declared with SERVICE_PORTS."""

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import get_args

from registrator.labels.whitelist import Refused, shown
from registrator.model import Container, Port, Transport

MAX_SERVICES = 500
"""More of one container is a mistake or an attack, and would drown the registries."""

MAX_PORTS = 12_000
"""More cannot be decided about in a moment; media servers expose some ten thousand."""

_ITEM = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_TRANSPORTS: dict[str, Transport] = {name: name for name in get_args(Transport)}


def ports_of(container: Container, declared: str) -> tuple[Port, ...]:
    """Every port of *container*, in order; *declared* is its SERVICE_PORTS.

    Raise `Refused` where that cannot be read, or there are too many.
    """
    ports = {*container.exposed, *container.published, *_declared(declared)}
    if len(ports) > MAX_PORTS:
        raise Refused(f"{len(ports)} ports of one container are more than {MAX_PORTS}")
    return tuple(sorted(ports, key=attrgetter("number", "transport")))


def _declared(text: str) -> Iterator[Port]:
    count = 0
    for item in text.split(",") if text else ():
        found = _ITEM.fullmatch(item.strip())
        if found is None:
            raise Refused(
                f"SERVICE_PORTS is no list of ports such as 8080,9090/udp,7000-7009: "
                f"{shown(text)}"
            )
        first = int(found.group(1))
        last = int(found.group(2) or first)
        count += last - first + 1
        if not 1 <= first <= last <= 65535 or count > MAX_SERVICES:
            raise Refused(
                f"SERVICE_PORTS goes beyond 1 to 65535 or {MAX_SERVICES} ports: "
                f"{shown(text)}"
            )
        transport = _TRANSPORTS[(found.group(3) or "tcp").lower()]
        yield from (Port(number, transport) for number in range(first, last + 1))
