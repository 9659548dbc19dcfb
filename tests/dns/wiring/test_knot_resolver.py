"""docs/dns/knot-resolver.md, with the real kresd."""

from collections.abc import Iterator

import pytest

from wiring import Wired, check_changes, check_sessions, wired

pytestmark = pytest.mark.xdist_group("knot_resolver")

CONFIGURATION = "/etc/knot-resolver/kresd.conf"
KRESD = ("kresd", "-n", "-c", CONFIGURATION, "/run/kresd")


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("knot-resolver.md") as host:
        host.host.run("mkdir", "/run/kresd")
        host.install()
        with host.serving(*KRESD):
            yield host


def test_what_the_page_shows_is_so(host: Wired) -> None:
    check_sessions(host)


def test_services_come_and_go_at_once(host: Wired) -> None:
    check_changes(host, "@127.0.0.1")
