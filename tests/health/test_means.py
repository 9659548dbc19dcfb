"""What the settings let checks have."""

from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from registrator.engine import Endpoint
from registrator.health import means


def test_networks_are_read_with_commas_or_spaces_between() -> None:
    problems: list[str] = []

    found = means.read("169.254.0.0/16, fe80::/10 10.0.0.1", "", problems)

    assert found.allowed == tuple(
        map(ip_network, ("169.254.0.0/16", "fe80::/10", "10.0.0.1/32"))
    )
    assert not problems


def test_every_network_that_is_none_is_told() -> None:
    problems: list[str] = []

    found = means.read("metadata,10.0.0.0/8,10.0.0.1/8", "", problems)

    assert len(found.allowed) == 1
    assert ["'metadata'" in problems[0], "10.0.0.1/8" in problems[1]] == [True, True]
    assert "has host bits set" in problems[1]


def test_certificates_that_can_be_read_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(file)
    problems: list[str] = []

    assert means.read("", str(file), problems).authorities == file
    assert not problems
    assert means.read("", "", problems).authorities is None


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_told(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text:
        file.write_text(text)
    problems: list[str] = []

    means.read("", str(file), problems)

    assert problems
    assert problems[0].startswith(f"-check-ca: {file}: ")


@pytest.mark.parametrize(
    ("url", "at"),
    [
        ("http://10.0.0.1:2375", {("10.0.0.1", 2375)}),
        ("https://[fd00::1]:2376/path", {("fd00::1", 2376)}),
        ("http://user:word@localhost:80", {("", 80)}),
    ],
)
def test_the_engine_is_ours_where_it_has_an_address(
    url: str, at: set[tuple[str, int]]
) -> None:
    engine = Endpoint(url=url, description=url)

    assert means.own(engine, [("127.0.0.1", 53)], []) == at | {("127.0.0.1", 53)}


def test_an_engine_on_a_socket_has_no_address() -> None:
    engine = Endpoint(url="http://localhost", socket=Path("/s"), description="s")

    assert means.own(engine, [], []) == frozenset()


def test_what_listens_everywhere_does_so_at_the_hosts_addresses_too() -> None:
    engine = Endpoint(url="http://localhost", socket=Path("/s"), description="s")

    found = means.own(engine, [("::", 53), ("127.0.0.1", 54)], ["10.0.0.1", ""])

    assert found == {("::", 53), ("10.0.0.1", 53), ("127.0.0.1", 54)}
