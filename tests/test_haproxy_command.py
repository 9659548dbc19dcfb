"""How a daemon starts its HAProxy side."""

import pytest

from registrator.haproxy_api import FROM
from registrator.haproxy_command import title, variables, wanted, words
from registrator.settings import Settings

AUTO = Settings(haproxy_auto=True, registries=("dns://",))


@pytest.mark.parametrize(
    ("settings", "said", "called"),
    [
        (Settings(), False, ""),
        (Settings(haproxy="/etc/h.yaml"), True, "-haproxy /etc/h.yaml"),
        (AUTO, True, "-haproxy-auto"),
        (
            Settings(haproxy="/etc/h.yaml", haproxy_auto=True),
            True,
            "-haproxy /etc/h.yaml -haproxy-auto",
        ),
    ],
)
def test_there_is_one_where_a_file_or_the_services_are_to_be_followed(
    settings: Settings, said: bool, called: str
) -> None:
    assert wanted(settings) is said
    assert not said or title(settings) == called


def test_what_was_given_is_passed_on_and_what_was_not_is_left_out() -> None:
    given = Settings(
        haproxy="h.yaml",
        haproxy_auto_listen="8080",
        haproxy_settle="1:5",
        haproxy_zone="eu/a",
        node_name="here",
        state="",
    )
    common = ("--log-format", "text", "--log-level", "info")

    assert words(AUTO) == ("--child", "--state", "auto", *common)
    assert words(given) == (
        *("h.yaml", "--child", "--node-name", "here", "--zone", "eu/a"),
        *("--auto-listen", "8080", "--haproxy-settle", "1:5", "--state", "", *common),
    )


@pytest.mark.parametrize(
    ("settings", "sources"),
    [
        (Settings(haproxy="h.yaml", registries=("consul://h",)), None),
        (AUTO, "docker://"),
        (
            Settings(haproxy_auto=True, registries=(), ip="10.0.0.1"),
            "docker://?address=10.0.0.1",
        ),
        (
            Settings(
                haproxy_auto=True,
                registries=("dns://", "consul://:secret@h", "etcd://h/s"),
            ),
            "consul://:secret@h etcd://h/s",
        ),
    ],
)
def test_services_are_read_where_the_daemon_writes_them_or_from_its_engine(
    settings: Settings, sources: str | None
) -> None:
    found = variables(settings, {"PATH": "/bin", FROM: "an outer one's"})

    assert found.get(FROM) == sources
    assert found["PATH"] == "/bin"
    assert "secret" not in " ".join(words(settings))


def test_the_engine_is_the_daemons() -> None:
    settings = Settings(haproxy_auto=True, docker_host="tcp://10.0.0.2:2375")

    assert variables(settings, {"DOCKER_HOST": "unix:///x"})["DOCKER_HOST"] == (
        "tcp://10.0.0.2:2375"
    )
