import pytest

from labels.making import container, ports, published
from registrator.labels.ports import ports_of
from registrator.labels.whitelist import Refused
from registrator.model import Port


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("8080", ports("8080"), id="one"),
        pytest.param("9090/udp,8080", ports("8080", "9090/udp"), id="in order"),
        pytest.param(" 80 , 81/TCP ", ports("80", "81"), id="spaces and capitals"),
        pytest.param("80-82/sctp", ports("80/sctp", "81/sctp", "82/sctp"), id="range"),
        pytest.param("80,80,80-80", ports("80"), id="the same one again"),
        pytest.param("53/udp,53", ports("53", "53/udp"), id="both transports"),
    ],
)
def test_service_ports_declares(declared: str, expected: tuple[Port, ...]) -> None:
    assert ports_of(container(exposed=(), published={}), declared) == expected


@pytest.mark.parametrize(
    "declared",
    ["x", "80,", "80/icmp", "80:90", "-80", "0", "65536", "90-80", "1-501", "80;81"],
)
def test_service_ports_is_refused(declared: str) -> None:
    with pytest.raises(Refused, match="SERVICE_PORTS"):
        ports_of(container(), declared)


def test_exposed_published_and_declared_ports_come_together() -> None:
    subject = container(exposed=ports("443", "80"), published=published(p80=1, p53=2))

    assert ports_of(subject, "80,7/udp") == ports("7/udp", "53", "80", "443")


def test_twelve_thousand_ports_are_decided_about_and_more_are_refused() -> None:
    many = tuple(Port(number, "udp") for number in range(1, 12_002))

    assert len(ports_of(container(exposed=many[:-1], published={}), "")) == 12_000
    with pytest.raises(Refused, match="12001 ports"):
        ports_of(container(exposed=many, published={}), "")
