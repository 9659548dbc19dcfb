"""What registrator-haproxy tells of itself: with a real registry and a real HAProxy."""

import json
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ctlroom import ctl
from entrypoint import EntryPoint
from fixtures.etcd import EtcdServer, StartEtcd
from waiting import until

pytestmark = [pytest.mark.needs_etcd, pytest.mark.needs_haproxy]


@pytest.fixture
def entry(etcd: EtcdServer, tmp_path: Path) -> Iterator[EntryPoint]:
    with EntryPoint(tmp_path, f"{etcd.uri}/services", server="") as running:
        yield running


def put(etcd: EtcdServer, *ports: int) -> None:
    for port in ports:
        etcd.put(f"/services/web/h:{port}:80", f"127.0.0.1:{port}")


def ask(entry: EntryPoint, *words: str) -> subprocess.CompletedProcess[str]:
    return ctl("haproxy", *words, "--socket", str(entry.control))


def told(entry: EntryPoint, *words: str) -> Any:
    """Read what is told; there may be nothing yet."""
    ended = ask(entry, *words, "-o", "json")
    if ended.returncode > 1 or not ended.stdout:
        raise OSError(ended.stderr)
    return json.loads(ended.stdout)


def glance(entry: EntryPoint, fits: Callable[[Any], object], what: str) -> Any:
    """Wait until what is told fits."""
    seen: list[Any] = []

    def fitting() -> bool:
        seen[:] = [told(entry)]
        return bool(fits(seen[0]))

    until(fitting, what)
    return seen[0]


def names(entry: EntryPoint) -> list[str]:
    return sorted(each["server"] for each in told(entry)["servers"])


def states(seen: Any) -> set[str]:
    return {each["state"] for each in seen["servers"]}


def metric(seen: Any, name: str, **labels: str) -> float:
    found: list[float] = [
        each["value"]
        for each in seen["metrics"]
        if each["name"] == f"registrator_haproxy_{name}"
        and labels.items() <= each["labels"].items()
    ]
    return sum(found)


def test_servers_are_told_with_their_state_and_where_they_come_from(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    put(etcd, 9001, 9002)
    until(lambda: len(names(entry)) == 2, "both are told")
    seen = glance(
        entry, lambda s: s["well"] and "not there" not in states(s), "all is well"
    )
    first = seen["servers"][0]

    assert stat.S_IMODE(entry.control.stat().st_mode) == 0o600
    assert {each["address"] for each in seen["servers"]} == {
        "127.0.0.1:9001",
        "127.0.0.1:9002",
    }
    assert (first["state"], first["weight"], first["sessions"]) == ("no check", 1, 0)
    assert first["since"] >= 0
    assert first["sources"] == [f"{etcd.uri}/services"]
    assert [(s["service"], s["current"], s["served"]) for s in seen["sources"]] == [
        ("web", True, 2)
    ]
    kinds = [each["kind"] for each in seen["journal"]]
    assert kinds[0] == "reload"
    assert "it is not known what HAProxy runs with" in seen["journal"][0]["why"]
    assert metric(seen, "reloads_total") == 1
    assert metric(seen, "snapshot_age_seconds", service="web") == 0
    assert ask(entry).returncode == 0
    until(lambda: entry.file.count("\tserver ") == 2, "it is written")
    assert ask(entry, "plan").stdout == "nothing to do\n"
    assert (ask(entry, "diff").returncode, ask(entry, "diff").stdout) == (0, "")
    assert ask(entry, "render").stdout == entry.file


def test_a_loss_that_is_held_back_is_told_with_its_reason_and_its_age(
    start_etcd: StartEtcd, tmp_path: Path
) -> None:
    etcd = start_etcd()
    put(etcd, 9001)
    with EntryPoint(tmp_path, f"{etcd.uri}/services", server="") as entry:
        until(lambda: len(names(entry)) == 1, "it is told")
        etcd.kill()
        seen = glance(entry, lambda s: s["sources"][0]["held"], "it is held")

    [source] = seen["sources"]
    assert (source["held"], source["served"]) == ("the registry is away", 1)
    assert metric(seen, "held_losses_total", reason="away") == 1
    assert metric(seen, "held_losses") == 1
    assert [s["sources"] for s in seen["servers"]] == [[f"{etcd.uri}/services"]]


def test_a_configuration_that_is_not_in_use_is_tried_and_changes_nothing(
    entry: EntryPoint, etcd: EtcdServer, tmp_path: Path
) -> None:
    etcd.put("/services/db/h:db:5432", "127.0.0.1:9005")
    until(lambda: "reloaded" in entry.log, "it is at work")
    before, worker = entry.file, entry.worker
    other = dict(entry.said)
    other["services"] = {
        **entry.said["services"],
        "db": {"from": f"{etcd.uri}/services", "server": ""},
        "bad": {"backend": ["option nonsense"]},
    }
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump(other))
    proposed = ("--config", str(file))

    found = told(entry, "plan", *proposed)
    assert "backend db is new" in found["reasons"]
    assert [each["service"] for each in found["quarantined"]] == ["bad"]
    line = "+\tserver 127.0.0.1:9005 127.0.0.1:9005"
    until(lambda: line in ask(entry, "diff", *proposed).stdout, "etcd is read")
    assert "backend db" in ask(entry, "render", *proposed).stdout
    file.write_text("services: {web: {mode: sideways}}\n")
    ended = ask(entry, "plan", *proposed)
    assert ended.returncode == 2
    assert "other.yaml: line 1: services.web.mode: should be" in ended.stderr
    assert (entry.file, entry.worker) == (before, worker)
    assert [each["kind"] for each in told(entry)["journal"]].count("reload") == 1


def test_what_is_left_out_is_told_and_forges_nothing(
    entry: EntryPoint, etcd: EtcdServer
) -> None:
    hostile = "\x1b[2J\nweb  forged  up"
    other: dict[str, object] = {"name": "web", "id": "x", "address": "127.0.0.1"}
    other |= {"port": 80, "metadata": {"haproxy_server_options": hostile}}
    etcd.put("/services/web/x", json.dumps(other))
    entry.said["services"]["bad"] = {"backend": ["option nonsense"]}
    entry.write()
    seen = glance(entry, lambda s: s["refused"] and s["quarantined"], "it is told")
    shown = ask(entry).stdout

    assert [each["service"] for each in seen["refused"]] == ["web"]
    assert "\x1b" not in shown
    assert not any(line.startswith("web  forged") for line in shown.splitlines())
    assert [each["service"] for each in seen["quarantined"]] == ["bad"]
    assert "nonsense" in seen["quarantined"][0]["problems"][0]
    assert metric(seen, "refusals_total", reason="service") == 1
    assert not seen["well"]
