"""What checks of a real daemon come to in a real Consul, without an engine."""

import json
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from fixtures.consul import ConsulAgent
from servers import Server, free_ports
from waiting import until

pytestmark = pytest.mark.needs_consul

ID = "here:services:web:1"
OWN = f"service:{ID}"
SAID = f"health:{ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A web server that has the page that is asked for, or has not."""

    port: int
    directory: Path

    def appear(self) -> None:
        self.directory.joinpath("up").touch()

    def vanish(self) -> None:
        self.directory.joinpath("up").unlink()


def is_there(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 10):
        return True


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    [port] = free_ports(1)
    directory = tmp_path / "www"
    directory.mkdir()
    command = [sys.executable, "-m", "http.server", str(port), "--bind=127.0.0.1"]
    command.append(f"--directory={directory}")
    with Server(command, tmp_path, lambda: is_there(port)):
        yield Page(port=port, directory=directory)


def described(
    page: Page, file: Path, asked: Mapping[str, object], **more: Any
) -> Sequence[str]:
    """Say in *file* what is served and checked; the arguments for a daemon."""
    check = {"http": "/up", "interval": "300ms", "timeout": "30s", **asked}
    service = {"id": ID, "address": "127.0.0.1", "port": page.port, "check": check}
    file.write_text(json.dumps({"services": {"web": service | more}}))
    here = ("-docker-host=none", "-node-name=here", "-ip=127.0.0.1")
    return [f"-services={file}", *here]


@contextmanager
def daemon(
    consul: ConsulAgent, page: Page, file: Path, *arguments: str, **more: Any
) -> Iterator[Daemon]:
    """Have one with a service whose check asks for the page."""
    own = described(page, file, {}, **more)
    with Daemon(consul.uri, *own, *arguments) as running:
        until(running.settled, "the first round")
        yield running


def said(consul: ConsulAgent) -> tuple[str, str] | None:
    """What the agent shows of the daemon's word: a status, and a reason."""
    check = consul.checks().get(SAID)
    return None if check is None else (check["Status"], check["Output"])


def test_what_must_be_healthy_is_not_even_critical_in_consul(
    consul: ConsulAgent, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "services.json"
    with daemon(consul, page, file, health="required") as running:

        def withheld() -> bool:
            found = running.services("web")
            return any(each["withheld"] and "404" in each["output"] for each in found)

        until(withheld, "its check has failed")
        assert ID not in consul.services()

        page.appear()
        until(lambda: ID in consul.services(), "it is registered")
        until(lambda: said(consul) == ("passing", "200 OK"), "it passes")
        # An agent's own check would begin as critical, and show what is to be nowhere.
        assert list(consul.checks()) == [SAID]

        page.vanish()
        until(lambda: ID not in consul.services(), "it is gone")
        assert consul.checks() == {}


def test_with_local_checks_consul_shows_what_they_say_and_why(
    consul: ConsulAgent, page: Page, tmp_path: Path
) -> None:
    with daemon(consul, page, tmp_path / "services.json", "-checks=local"):
        until(
            lambda: (found := said(consul)) and found[1].startswith("404 "),
            "it is critical, with the reason",
        )
        assert OWN not in consul.checks()
        assert ID in consul.services()

        page.appear()
        until(lambda: said(consul) == ("passing", "200 OK"), "it passes")

        page.vanish()
        until(lambda: (said(consul) or ("",))[0] == "critical", "it does not")


def test_an_operators_word_does_not_disturb_what_the_agent_checks(
    consul: ConsulAgent, page: Page, tmp_path: Path
) -> None:
    page.appear()
    with daemon(consul, page, tmp_path / "services.json") as running:
        until(lambda: consul.checks()[OWN]["Status"] == "passing", "the agent's passes")
        assert said(consul) is None

        running.ctl("maintenance", "on", "web", "--reason", "new disk")
        until(
            lambda: said(consul) == ("critical", "in maintenance: new disk"), "it is on"
        )
        assert consul.checks()[OWN]["Status"] == "passing"

        running.ctl("maintenance", "off", "web")
        until(lambda: said(consul) is None, "it is off")
        assert consul.checks()[OWN]["Status"] == "passing"


def test_what_flaps_is_held_down_and_explained(
    consul: ConsulAgent, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "services.json"
    with daemon(consul, page, file, "-checks=local") as running:
        for _ in range(3):
            page.appear()
            until(lambda: said(consul) == ("passing", "200 OK"), "it passes")
            page.vanish()
            until(lambda: (said(consul) or ("",))[0] == "critical", "it does not")

        page.appear()

        def explained() -> bool:
            shown = running.ctl("explain", "services:web").stdout
            return "it flaps: critical for" in shown and "last: 200 OK" in shown

        until(explained, "it succeeds, and is held")
        assert (said(consul) or ("",))[0] == "critical"


def test_a_restart_with_dns_alone_remembers_what_checks_said(
    page: Page, tmp_path: Path
) -> None:
    page.appear()
    with Daemon(
        f"dns://127.0.0.1:{free_ports(1)[0]}",
        *described(page, tmp_path / "services.json", {"fall": 100}),
    ) as running:

        def status() -> list[str]:
            return [each["status"] for each in running.services("web")]

        until(lambda: status() == ["passing"], "it passes")
        running.end()
        page.vanish()

        running.start()

        # One failure decides where nothing is remembered, and a hundred where it is.
        def fails() -> bool:
            findings = [each["findings"] for each in running.services("web")]
            return any(said["last"].startswith("404") for [said] in findings)

        until(fails, "its check fails")
        assert status() == ["passing"]
