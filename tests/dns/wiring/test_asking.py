"""docs/dns/README.md: dig and kdig, at several addresses."""

from wiring import check_sessions, wired


def test_dig_and_kdig_see_what_the_page_shows() -> None:
    with wired("README.md") as host:
        check_sessions(host)
