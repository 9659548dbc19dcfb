"""What is known to be wrong before the first connection."""

import os
from pathlib import Path
from typing import Any

import pytest

from registrator import prepared
from registrator.errors import ConfigError
from registrator.settings import Settings


def test_settings_that_are_right_are_read_as_far_as_they_can_be() -> None:
    found = prepared.prepare(
        Settings(registries=("memory:",), docker_host="unix:///run/x.sock"), {}
    )

    assert (list(found.uris), found.remote) == (["memory://"], False)


def test_every_mistake_is_told_at_once_the_haproxy_sides_too(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.yaml"
    file.write_text("services: {web: {mode: sideways}, db: {port: 0}}\n")
    settings = Settings(
        registries=("nonsense://x",), tags="{{.Nonsense", haproxy=str(file)
    )
    with pytest.raises(ConfigError) as wrong:
        prepared.judge(settings, os.environ)

    registry, tags, *haproxy = sorted(
        wrong.value.problems, key=lambda each: ("-haproxy" in each, "tags" in each)
    )
    assert "'nonsense' is no registry" in registry
    assert tags
    assert [each.split(": ")[3] for each in haproxy] == [
        "services.web.mode",
        "services.db.port",
    ]


def test_without_a_haproxy_side_nothing_is_asked_of_it() -> None:
    prepared.judge(Settings(registries=("memory:",)), {})


def test_a_store_is_told_what_becomes_of_the_unfit_and_who_runs_checks() -> None:
    settings = Settings(registries=("memory:",), unhealthy="keep", checks="local")

    site = prepared.prepare(settings, {}).site("here", "10.0.0.1")

    assert (site.keeps_unhealthy, site.local_checks) == (True, True)


def test_kinds_of_checks_are_those_that_packages_offer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shop-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\n")
    (package / "entry_points.txt").write_text("[registrator.checks]\nmysql = shop:X\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = prepared.prepare(Settings(registries=("memory:",)), {})

    assert "mysql" in found.check_kinds


def test_what_nerve_cannot_have_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nerve.conf.json"
    file.write_text('{"instance_id": "i", "statsd": {}}')

    found = prepared.prepare(Settings(nerve=str(file)), {})

    assert found.describes
    assert found.remote
    assert found.notes == (f"{file}: statsd: figures are not sent to statsd",)


def test_the_files_mistakes_are_told_with_all_others(tmp_path: Path) -> None:
    services, nerve = tmp_path / "services.yaml", tmp_path / "nerve.conf.json"
    services.write_text("services: {web: {}}")
    nerve.write_text(
        '{"services": {"web": {"host": "10.0.0.1", "port": 1, "zk_path": "/a",'
        ' "zk_hosts": ["not a server"]}, "db": {"host": "10.0.0.1", "port": 1,'
        ' "zk_path": "/a", "zk_hosts": ["zk:70000"]}}}'
    )
    settings = Settings(
        registries=("nonsense://x",), services=str(services), nerve=str(nerve)
    )

    with pytest.raises(ConfigError) as wrong:
        prepared.prepare(settings, {})

    assert len(wrong.value.problems) == 3
    assert wrong.value.problems[1].startswith(f"{services}: line 1: services.web.port")
    assert wrong.value.problems[2].endswith("70000 is no port")


@pytest.mark.parametrize("single", [{"once": True}, {"dry_run": True}])
def test_what_nerve_reports_lives_with_the_daemon(
    tmp_path: Path, single: dict[str, Any]
) -> None:
    file = tmp_path / "nerve.conf.json"
    file.write_text("{}")
    settings = Settings(registries=("consul:",), nerve=str(file), **single)

    with pytest.raises(ConfigError, match="lives with the daemon"):
        prepared.prepare(settings, {})


def test_what_checks_may_have_is_read_and_its_mistakes_are_told(
    tmp_path: Path,
) -> None:
    away = tmp_path / "ca.pem"
    settings = Settings(
        registries=("memory:",), check_allow="cloud", check_ca=str(away)
    )

    with pytest.raises(ConfigError) as wrong:
        prepared.judge(settings, {})

    authorities, networks = wrong.value.problems
    assert f"-check-ca: {away}" in authorities
    assert "-check-allow: 'cloud' is no network" in networks
