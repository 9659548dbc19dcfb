"""docs/zero-downtime.md, done as it is printed."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/zero-downtime.md"
PROGRAMS = Path(sys.executable).parent
# Whatever becomes of it, nothing that it started outlives it.
ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

pytestmark = [
    pytest.mark.needs_engine,
    pytest.mark.needs_etcd,
    pytest.mark.needs_haproxy,
]


@pytest.fixture
def without_leftovers(docker_client: docker.DockerClient) -> None:
    """Have neither of the page's containers, and the image that it names."""
    for each in docker_client.containers.list(all=True, ignore_removed=True):
        if each.name in {"shop-1", "shop-2"}:
            each.remove(force=True)
    subprocess.run([ROOT / "scripts/demo-image", "hello"], check=True, timeout=60)


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name leaves room for that of a socket in it."""
    with tempfile.TemporaryDirectory(prefix="walk-") as made:
        yield Path(made)


@pytest.mark.usefixtures("without_leftovers")
def test_the_walk_through_does_what_the_page_says(short: Path) -> None:
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE.read_text())
    path = f"{PROGRAMS}:{os.environ['PATH']}:/usr/sbin"
    script = "set -em\n" + "\n".join(blocks)

    done = subprocess.run(
        [*ALONE, "bash", "-c", script],
        cwd=short,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    made = short / "zero-downtime"
    log = (made / "registrator.log").read_text()
    assert done.returncode == 0, done.stdout + done.stderr + log
    assert set((made / "load.log").read_text().split()) == {"shop-1", "shop-2"}
    assert "shop-1 is being stopped" in done.stdout
    assert "has served on for 2 s: sent SIGTERM" in done.stdout
    assert "container shop-2 is drained: no registry has it" in done.stdout
    assert "service shop is in maintenance" in done.stdout
    assert "new disk" in done.stdout
