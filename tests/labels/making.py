"""Containers as an engine would describe them, and shorter ways to ask about them."""

from collections.abc import Mapping
from typing import Any

from registrator.labels import Decision, Rules, decide
from registrator.model import (
    Binding,
    Container,
    ContainerId,
    Network,
    Port,
    Service,
    State,
)

ID = ContainerId("e20f9c1a76565d62ae24a3bb877b17b862b6eab94f4e95a0e07ccf25087aaf4f")
BRIDGE = Network(name="bridge", ipv4="172.17.0.5", ipv6="fd00:17::5")
MINE = Network(name="mynet", ipv4="10.9.0.7")


def ports(*texts: str) -> tuple[Port, ...]:
    """Read `80` and `53/udp`."""
    found = []
    for text in texts:
        number, _, transport = text.partition("/")
        found.append(Port(int(number), transport or "tcp"))  # type: ignore[arg-type]  # tests write transports right
    return tuple(found)


def published(**host_ports: int) -> Mapping[Port, tuple[Binding, ...]]:
    """Read `p80=8000` and `p53_udp=5300`; 0: exposed and not published."""
    return {
        ports(name.removeprefix("p").replace("_", "/"))[0]: (
            (Binding(address="0.0.0.0", port=number),) if number else ()
        )
        for name, number in host_ports.items()
    }


def container(**changes: Any) -> Container:
    """Make a running nginx.0 that publishes 80 as 8000, or one that differs."""
    values: dict[str, Any] = {
        "id": ID,
        "name": "nginx.0",
        "image": "nginx",
        "state": State.RUNNING,
        "networks": (BRIDGE,),
        "exposed": ports("80"),
        "published": published(p80=8000),
        **changes,
    }
    return Container(**values)


def web(**changes: Any) -> Container:
    """Make a container that publishes 80 as 8000 and 443 as 4443."""
    values = {
        "exposed": ports("80", "443"),
        "published": published(p80=8000, p443=4443),
        **changes,
    }
    return container(**values)


def environment(*texts: str) -> tuple[tuple[str, str], ...]:
    """Read `NAME=value`."""
    split = (text.partition("=") for text in texts)
    return tuple((name, value) for name, _, value in split)


def rules(**changes: Any) -> Rules:
    """Make the rules of testhost, whose addresses are known, or others."""
    values = {
        "node": "testhost",
        "host_ipv4": "192.168.1.9",
        "host_ipv6": "fd00:1::9",
        **changes,
    }
    return Rules(**values)


def decisions(*texts: str, **changes: Any) -> tuple[Decision, ...]:
    """Decide about nginx.0 with these variables."""
    return decide(container(environment=environment(*texts), **changes), rules())


def service(*texts: str, **changes: Any) -> Service:
    """The only service of nginx.0 with these variables."""
    (decision,) = decisions(*texts, **changes)
    assert decision.service is not None, decision.reason
    return decision.service


def refusal(*texts: str, **changes: Any) -> str:
    """Why nginx.0 with these variables is refused."""
    (decision,) = decisions(*texts, **changes)
    assert decision.service is None
    assert decision.rule == "refused"
    return decision.reason


def notes(*texts: str, **changes: Any) -> str:
    """What is odd about the only service of nginx.0 with these variables."""
    (decision,) = decisions(*texts, **changes)
    assert decision.service is not None, decision.reason
    return "; ".join(decision.notes)
