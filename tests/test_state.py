import os
from pathlib import Path

import pytest

from registrator import state


def told(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    return record.getMessage()


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    found = state.directory(str(tmp_path / "a" / "b"), {})

    assert found == tmp_path / "a" / "b"
    assert found.stat().st_mode & 0o777 == 0o700


def test_one_that_is_there_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o755)

    assert state.directory(str(tmp_path), {}) == tmp_path
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert caplog.records == []


def test_a_relative_path_counts_from_where_the_daemon_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert state.directory("here", {}) == tmp_path / "here"


def test_none_can_be_wanted(caplog: pytest.LogCaptureFixture) -> None:
    assert state.directory("", {"STATE_DIRECTORY": "/nowhere"}) is None
    assert told(caplog) == "no state is kept over a restart: -state is empty"


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/registrator"])
def test_a_place_that_cannot_be_is_told_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    (tmp_path / "file").touch()

    assert state.directory(str(tmp_path / place), {}) is None
    assert str(tmp_path / place) in told(caplog)
    assert "-state" in told(caplog)


def test_a_place_that_cannot_be_written_to_is_told_and_done_without(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert state.directory("/sys/kernel", {}) is None
    assert told(caplog) == (
        "no state is kept over a restart: /sys/kernel: Permission denied; give another"
        " place with -state"
    )


def test_systemds_word_counts_first() -> None:
    environment = {"STATE_DIRECTORY": "/a/b:/c", "XDG_STATE_HOME": "/d", "HOME": "/e"}

    assert state.automatic(environment) == Path("/a/b")


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"XDG_STATE_HOME": "/d", "HOME": "/e"}, "/d/registrator"),
        ({"HOME": "/e"}, "/e/.local/state/registrator"),
        ({"HOME": ""}, "/nonexistent/.local/state/registrator"),
    ],
)
def test_a_user_has_a_place_of_his_own_and_root_the_systems(
    environment: dict[str, str], place: str
) -> None:
    ours = Path(place) if os.geteuid() else Path("/var/lib/registrator")

    assert state.automatic(environment) == ours


def test_a_file_is_its_owners_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "made" / "kept.json"
    state.write(file, "one")
    state.write(file, "two")

    assert file.read_text() == "two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*file.parent.iterdir()] == [file]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        state.write(tmp_path / "kept.json", "one")

    assert [*tmp_path.iterdir()] == [tmp_path / "kept.json"]
