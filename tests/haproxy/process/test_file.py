"""The configuration file, where file systems make it hard."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.disk import StartDisk
from registrator.errors import ConfigError
from registrator_haproxy.process import ConfigurationFile

# Another file system at the file itself, as with a container's volume of one file.
_MOUNTED = """
import subprocess, sys
from pathlib import Path
from registrator_haproxy.process import ConfigurationFile
path, source = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "--bind", source, path], check=True)
file = ConfigurationFile(path)
file.write_candidate("new and longer than before")
file.begin()
file.swap()
assert path.read_text() == "new and longer than before", path.read_text()
assert file.before == "old"
if sys.argv[3] == "back":
    file.restore()
file.finish()
"""

# The same, on a disk without room for what is longer.
_MOUNTED_WITHOUT_ROOM = """
import subprocess, sys
from pathlib import Path
from registrator.errors import ConfigError
from registrator_haproxy.process import ConfigurationFile
path, disk = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
old = "old" * 5_000
(disk / "source").write_text(old)
subprocess.run(["mount", "--bind", disk / "source", path], check=True)
file = ConfigurationFile(path)
file.write_candidate("new" * 50_000)
try:
    file.swap()
except ConfigError as error:
    assert "no space left on device" in str(error), error
    assert path.read_text() == old, len(path.read_text())
else:
    raise AssertionError("there was room")
"""


def changed(file: ConfigurationFile, text: str) -> None:
    file.write_candidate(text)
    file.begin()
    file.swap()


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "h.cfg"
    changed(ConfigurationFile(path), "new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ConfigurationFile(path).before == ""


def test_mode_and_owner_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "h.cfg"
    path.write_text("old")
    path.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    before = path.stat()
    changed(ConfigurationFile(path), "new")

    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino


def test_a_link_goes_on_leading_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path, real = tmp_path / "h.cfg", tmp_path / "real" / "x.cfg"
    real.write_text("old")
    path.symlink_to("real/x.cfg")
    file = ConfigurationFile(path)
    changed(file, "new")
    file.finish()

    assert path.is_symlink()
    assert real.read_text() == "new"
    assert names(tmp_path / "real") == ["x.cfg"]


def test_what_was_before_is_put_back_as_often_as_one_likes(tmp_path: Path) -> None:
    path = tmp_path / "h.cfg"
    path.write_text("old")
    file = ConfigurationFile(path)
    changed(file, "new")
    for _ in range(2):
        file.restore()
        assert path.read_text() == "old"
    file.finish()

    assert names(tmp_path) == ["h.cfg"]


def test_where_there_was_no_file_there_is_none_again(tmp_path: Path) -> None:
    file = ConfigurationFile(tmp_path / "h.cfg")
    changed(file, "new")
    file.restore()
    file.finish()

    assert names(tmp_path) == []


def test_a_second_change_does_not_forget_what_was_before_the_first(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.cfg"
    path.write_text("old")
    file = ConfigurationFile(path)
    changed(file, "new")
    changed(file, "newer")

    assert file.before == "old"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = ConfigurationFile(tmp_path / "no" / "h.cfg")

    with pytest.raises(ConfigError, match=r"cannot write .*no such file or directory"):
        file.write_candidate("new")


def test_a_full_disk_leaves_the_file_as_it_was(start_disk: StartDisk) -> None:
    disk = start_disk(1)
    path = disk.path / "h.cfg"
    path.write_text("old")
    file = ConfigurationFile(path)

    with disk.full(), pytest.raises(ConfigError, match="no space left on device"):
        file.write_candidate("new" * 10_000)

    assert names(disk.path) == ["h.cfg"]
    assert path.read_text() == "old"


def test_on_a_full_disk_there_is_a_way_back(start_disk: StartDisk) -> None:
    disk = start_disk(1)
    path = disk.path / "h.cfg"
    path.write_text("old" * 10_000)
    file = ConfigurationFile(path)
    changed(file, "new")
    with disk.full():
        file.restore()
        file.finish()

    assert path.read_text() == "old" * 10_000


def test_a_file_system_that_may_only_be_read_is_said(start_disk: StartDisk) -> None:
    disk = start_disk(1)
    path = disk.path / "h.cfg"
    path.write_text("old")
    holder = path.parts[2]
    mount = ["nsenter", "-t", holder, "-m", "mount", "-o", "remount,ro", "/mnt"]
    subprocess.run(mount, check=True)

    with pytest.raises(ConfigError, match=r"cannot .*read-only file system"):
        ConfigurationFile(path).write_candidate("new")


@pytest.mark.parametrize(
    ("way", "left"), [("on", "new and longer than before"), ("back", "old")]
)
def test_a_file_that_is_mounted_by_itself_is_written_in_place(
    tmp_path: Path, way: str, left: str
) -> None:
    (tmp_path / "inside").mkdir()
    path, source = tmp_path / "inside" / "h.cfg", tmp_path / "outside"
    path.touch()
    source.write_text("old")
    inode = source.stat().st_ino
    subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", _MOUNTED, path, source, way],
        check=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )

    assert source.read_text() == left
    assert source.stat().st_ino == inode
    assert names(tmp_path / "inside") == ["h.cfg"]


def test_one_that_cannot_be_written_whole_in_place_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.touch()
    disk, script = tmp_path / "disk", _MOUNTED_WITHOUT_ROOM
    disk.mkdir()
    subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", script, path, disk],
        check=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")

    for name in ("pipe", "endless"):
        with pytest.raises(ConfigError, match="it is no file"):
            _ = ConfigurationFile(tmp_path / name).text
