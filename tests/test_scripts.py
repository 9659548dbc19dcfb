"""The scripts behind `make`, and what they may know of the machines they run on."""

import importlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from registrator.version import __version__
from servers import free_ports
from waiting import until

ROOT = Path(__file__).parents[1]
MADE = pytest.mark.skipif(
    "REGISTRATOR_REQUIRE_SERVERS" not in os.environ
    and not (ROOT / ".venv/.setup").is_file(),
    reason="this checkout has no .venv: `make test` makes one",
)
# A machine on which nothing runs yet: what is started here is seen by nobody, and gone
# with it.
FRESH = (
    *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
    *("--mount-proc", "bash", "-euc"),
)
WITHOUT_ENGINE = """
ip link set lo up
mkdir -p /var/lib/registrator-engine
for place in /run /var/lib/registrator-engine; do mount -t tmpfs none "$place"; done
[ ! -e /tmp/docker.sock ] || mount --bind /dev/null /tmp/docker.sock
unset DOCKER_HOST
scripts/with-engine sh -c 'docker info --format up; pgrep -c dockerd'
pgrep -l 'dockerd|containerd' || echo 'no process'
ls -d /run/registrator-engine /var/run/docker.sock 2>/dev/null || echo 'no file'
"""
# Taken apart: this file is none that may name them either.
PUBLIC_REGISTRIES = {
    name.replace(" ", ".")
    for name in (
        *("pypi org", "pythonhosted org", "npmjs org", "proxy golang org"),
        *("deb debian org", "security debian org", "snapshot debian org"),
        *("archive ubuntu com", "security ubuntu com", "crates io"),
        *("registry-1 docker io", "index docker io", "ghcr io", "quay io", "gcr io"),
    )
}
# Of apt's two formats, and of pip's settings.
SOURCE = re.compile(
    r"(?m)^(?:deb |URIs:|(?:extra-)?index-url *=|PIP_\w*INDEX_URL=).*?"
    r"https?://(?:[^/\s@]*@)?([\w-]+\.[\w.-]*[a-z])"
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


@MADE
@pytest.mark.needs_engine
def test_setup_that_finds_its_work_done_prints_nothing(docker_host: str) -> None:
    done = run("scripts/setup", "venv", "engine")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@MADE
def test_setup_says_which_servers_it_has_no_source_of_and_goes_on(
    tmp_path: Path,
) -> None:
    setup, apt = tmp_path / "scripts", tmp_path / "apt.conf"
    shutil.copytree(ROOT / "scripts", setup)
    servers = tmp_path / ".venv/servers"
    servers.mkdir(parents=True)
    (servers / "systemd-resolved").symlink_to(ROOT / ".venv/servers/systemd-resolved")
    apt.write_text(
        'Dir::Etc::SourceList "/dev/null"; Dir::Etc::SourceParts "/dev/null";'
        f'Dir::State::Lists "{tmp_path}/lists"; Dir::Cache "{tmp_path}/cache";'
    )

    done = run("env", f"APT_CONFIG={apt}", setup / "setup", "servers")

    assert (done.returncode, done.stderr) == (0, "")
    assert "setup: the tests run without HAProxy 3." in done.stdout


def test_setup_says_what_it_does_not_know() -> None:
    done = run("scripts/setup", "everything")

    assert (done.returncode, done.stderr) == (2, "setup: unknown step: everything\n")


@MADE
@pytest.mark.needs_engine
def test_run_shows_what_to_try_and_becomes_the_daemon(docker_host: str) -> None:
    done = run("scripts/run", "-version")

    assert done.returncode == 0, done.stderr
    assert "docker run -d --name hello -p 8080:80 hello" in done.stdout
    assert done.stdout.splitlines()[-1].split()[-1] == __version__


@MADE
@pytest.mark.needs_engine
@pytest.mark.needs_haproxy
def test_the_demonstration_of_haproxy_loses_no_request_and_leaves_nothing(
    docker_client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("PORT", str(port))

    done = run("scripts/haproxy-demo")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"(?m)^ +0 failed$", done.stdout)
    assert re.search(r"hello +registrator-demo-2_\S+ +up", done.stdout)
    for number in (1, 2):
        assert f"hello from registrator-demo-{number}" in done.stdout
        with pytest.raises(NotFound):
            docker_client.containers.get(f"registrator-demo-{number}")


@pytest.mark.needs_engine
def test_an_engine_that_was_started_for_a_command_ends_with_it() -> None:
    done = run(*FRESH, WITHOUT_ENGINE)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["up", "1", "no process", "no file"]
    assert "started a private Docker engine" in done.stderr


def machines_registries() -> set[str]:
    """Name the hosts that this machine gets packages from, as far as it tells."""
    places = [*Path("/etc/apt").glob("sources.list*"), *Path("/etc/apt").glob("*.d/*")]
    places += [Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"]
    texts = [path.read_text(errors="replace") for path in places if path.is_file()]
    texts += [f"{name}={value}" for name, value in os.environ.items()]
    return set(SOURCE.findall("\n".join(texts)))


def test_no_registry_of_packages_is_named_in_the_project() -> None:
    files = [ROOT / name for name in run("git", "ls-files").stdout.splitlines()]
    registries = PUBLIC_REGISTRIES | machines_registries()

    named = {
        (path.name, registry)
        for path in files
        if path.is_file()
        for text in [path.read_text(errors="replace")]
        for registry in registries
        if registry in text
    }

    assert len(files) > 100
    assert named == set()


def test_a_child_that_has_not_begun_its_program_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    engine = importlib.import_module("private_engine")
    monkeypatch.setattr(engine, "arguments_of", lambda _: [])  # for a moment so
    with subprocess.Popen(["sleep", "600"]) as child:
        assert not engine.is_gone(child.pid)
        child.kill()
        until(lambda: engine.is_gone(child.pid), "it is seen to have ended")
        child.returncode = -signal.SIGKILL  # it is waited for already
