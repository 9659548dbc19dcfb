import json
import stat
from pathlib import Path

import pytest

from registrator_backends.eureka.roster import Roster

WEB, SHOP = ("WEB", "here:web.1:80"), ("SHOP", "here:web.1:80")


def roster(directory: Path | None, node: str = "here") -> Roster:
    return Roster(directory, "eureka://h:1/eureka", node)


def test_places_are_known_with_the_times_of_their_changes() -> None:
    known = roster(None)
    known.add(WEB)
    known.add(SHOP, 5)
    known.add(SHOP)
    known.save()

    assert known.places == {WEB, SHOP}
    assert known.apps("here:web.1:80") == {"WEB", "SHOP"}
    assert (known.dirty(WEB), known.dirty(SHOP), known.dirty(("X", "y"))) == (0, 5, 0)
    known.discard(WEB)
    known.discard(("X", "y"))
    assert known.places == {SHOP}
    known.keep({WEB: 7})
    assert known.places == {WEB}
    assert known.dirty(WEB) == 7


def test_the_next_start_knows_the_places_too(tmp_path: Path) -> None:
    first = roster(tmp_path / "state")
    first.add(WEB, 5)
    first.save()

    second = roster(tmp_path / "state")
    second.load()

    assert second.places == {WEB}


def test_another_node_has_a_file_of_its_own(tmp_path: Path) -> None:
    first = roster(tmp_path)
    first.add(WEB)
    first.save()

    other = roster(tmp_path, "there")
    other.load()

    assert other.places == frozenset()


def test_nobody_else_reads_the_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    first = roster(tmp_path)
    first.add(WEB)
    first.save()
    first.add(SHOP)
    first.save()

    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == [list(SHOP), list(WEB)]


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    first = roster(tmp_path)
    first.add(WEB)
    first.save()
    (path,) = tmp_path.iterdir()
    path.unlink()

    first.add(WEB, 9)
    first.save()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "junk", ["", "{", "7", "[7]", '[["a"]]', "[" * 100_000, "\xff"]
)
def test_a_file_of_junk_is_told_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, junk: str
) -> None:
    first = roster(tmp_path)
    first.add(WEB)
    first.save()
    (path,) = tmp_path.iterdir()
    path.write_text(junk, encoding="latin-1")

    second = roster(tmp_path)
    second.load()

    assert second.places == frozenset()
    assert "not as we write it; starting without it" in caplog.text


def test_a_file_that_cannot_be_read_or_written_is_told_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = roster(tmp_path)
    first.add(WEB)
    first.save()
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()

    second = roster(tmp_path)
    second.load()
    second.add(SHOP)
    second.save()

    assert "Is a directory; starting without it" in caplog.text
    assert "going on without it" in caplog.text
    assert second.places == {SHOP}
