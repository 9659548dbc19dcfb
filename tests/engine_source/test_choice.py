"""Which containers are wanted, and whether they are reached from here."""

import pytest

from registrator.engine_source.choice import Choice
from registrator.engine_source.images import Image
from registrator.labels import Rules
from registrator.model import Binding, Container, ContainerId, Port, State

RULES = Rules(node="far", host_ipv4="10.0.0.2")


def container(address: str = "0.0.0.0", *numbers: int, **labels: str) -> Container:
    return Container(
        id=ContainerId("c"),
        name="c",
        image="me/web:1",
        state=State.RUNNING,
        labels=labels,
        published={
            Port(number): (Binding(address=address, port=8000 + number),)
            for number in numbers or (80,)
        },
    )


def shown(
    wanted: Container, image: str = "", port: int = 0, *, far: bool = True
) -> list[str]:
    choice = Choice(
        image=Image.of(image) if image else None, port=port, far=lambda: far
    )
    return [
        f"{each.service.address}:{each.service.port}" if each.service else each.rule
        for each in choice(wanted, RULES, None)
    ]


def test_without_a_choice_every_port_is_meant() -> None:
    assert shown(container("0.0.0.0", 80, 81)) == ["10.0.0.2:8080", "10.0.0.2:8081"]


def test_of_an_image_one_port_is_meant() -> None:
    both = container("0.0.0.0", 80, 81)

    assert shown(both, "me/web", 81) == ["10.0.0.2:8081"]
    assert shown(both, "me/web", 82) == []
    assert shown(both, "other", 81) == []


def test_what_ignores_itself_is_ignored() -> None:
    assert shown(container(SERVICE_IGNORE="1"), "me/web", 80) == ["ignored"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1"])
def test_what_another_host_has_for_itself_is_not_looked_for_here(address: str) -> None:
    assert shown(container(address)) == ["no-address"]
    assert shown(container(address), far=False) != ["no-address"]
