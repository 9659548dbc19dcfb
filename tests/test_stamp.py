"""Whether a file may have changed."""

import os
from pathlib import Path

from registrator.stamp import stamp


def test_a_file_that_changes_has_another_stamp(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a")
    before = stamp(file)

    file.write_text("ab")

    assert before is not None
    assert stamp(file) != before


def test_a_file_that_is_replaced_has_another_stamp(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("a")
    other.write_text("b")
    os.utime(file, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    before = stamp(file)

    other.replace(file)

    assert stamp(file) != before


def test_what_is_no_file_has_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert stamp(tmp_path / "pipe") is None
    assert stamp(tmp_path / "nothing") is None
