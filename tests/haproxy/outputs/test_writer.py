"""Files are written as a whole, judged before and told of after."""

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registrator.errors import ConfigError
from registrator_haproxy.configuration.outputs import Output
from registrator_haproxy.outputs.texts import Texts
from registrator_haproxy.outputs.writer import Writer
from waiting import eventually


def writer(file: Path, **output: Any) -> Writer:
    said = {"file": str(file), "format": "file-sd", **output}
    return Writer(Output.model_validate(said))


def of(file: Path, text: str) -> Texts:
    return Texts(texts={str(file): text})


def told(directory: Path) -> list[str]:
    """Give the command that writes down that it ran."""
    return ["sh", "-c", 'echo told >> "$0"', str(directory / "told")]


def times(directory: Path) -> int:
    file = directory / "told"
    return len(file.read_text().splitlines()) if file.exists() else 0


@dataclass(frozen=True)
class Out:
    """A directory for what is written, and one that holds it for what is not."""

    home: Path

    @property
    def directory(self) -> Path:
        return self.home / "out"

    @property
    def file(self) -> Path:
        return self.directory / "file.conf"

    def all(self) -> list[str]:
        return sorted(each.name for each in self.directory.iterdir())

    def json(self) -> list[str]:
        return [each for each in self.all() if each.endswith(".json")]


@pytest.fixture
def out(tmp_path: Path) -> Out:
    made = Out(tmp_path)
    made.directory.mkdir()
    return made


async def test_a_text_is_written_once_and_told_once(out: Out) -> None:
    kept = writer(out.file, notify=told(out.home))
    await kept.agree(of(out.file, "one\n"))
    before = out.file.stat().st_ino
    await kept.agree(of(out.file, "one\n"))

    assert out.file.read_text() == "one\n"
    assert out.file.stat().st_ino == before
    assert times(out.home) == 1
    assert out.all() == ["file.conf"]


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (None, {}, 0o644),
        (0o640, {}, 0o640),
        (0o640, {"mode": "0600"}, 0o600),
        (None, {"mode": "666"}, 0o666),
    ],
)
async def test_a_file_has_the_mode_that_was_asked_for_or_that_it_had(
    out: Out, before: int | None, said: dict[str, str], after: int
) -> None:
    if before is not None:
        out.file.touch()
        out.file.chmod(before)
    await writer(out.file, **said).agree(of(out.file, "x"))

    assert stat.S_IMODE(out.file.stat().st_mode) == after


async def test_a_link_is_followed(out: Out) -> None:
    out.file.symlink_to(out.home / "real")
    await writer(out.file).agree(of(out.file, "x"))

    assert out.file.is_symlink()
    assert (out.home / "real").read_text() == "x"


async def test_a_text_that_is_refused_leaves_the_file_as_it_was(out: Out) -> None:
    """It is judged where the file will be, with the file's mode."""
    refuses = 'grep good "$1" || { echo "no good in it"; exit 3; }'
    words = ["sh", "-c", refuses, "sh", "{file}"]
    kept = writer(out.file, validate=words, notify=told(out.home))
    await kept.agree(of(out.file, "good"))

    with pytest.raises(
        ConfigError, match="refused by sh: exit status 3: no good in it"
    ):
        await kept.agree(of(out.file, "bad"))

    assert out.file.read_text() == "good"
    assert times(out.home) == 1
    assert out.all() == ["file.conf"]
    await kept.agree(of(out.file, "good again"))
    assert (out.file.read_text(), times(out.home)) == ("good again", 2)


@pytest.mark.parametrize("words", [["sh", "-c", "exec sleep 1000"], ["/nonexistent"]])
async def test_a_judge_that_hangs_or_is_not_there_leaves_the_file_as_it_was(
    out: Out, words: list[str]
) -> None:
    kept = writer(out.file, validate=[*words, "{file}"], deadline=0.2)
    with pytest.raises(ConfigError, match=r"not done in 0\.2 s|cannot be run"):
        await kept.agree(of(out.file, "x"))

    assert out.all() == []


async def test_there_is_no_shell(out: Out) -> None:
    words = ["echo", f"$(touch {out.home}/x)", f"; touch {out.home}/x"]
    await writer(out.file, notify=words).agree(of(out.file, "x"))

    assert not (out.home / "x").exists()


async def test_who_could_not_be_told_is_told_later(out: Out) -> None:
    script = f"test -e {out.home}/ready && echo told >> {out.home}/told"
    kept = writer(out.file, notify=["sh", "-c", script])
    for _ in range(2):
        with pytest.raises(ConfigError, match="nobody is told of the text: sh: exit"):
            await kept.agree(of(out.file, "x"))
    assert out.file.read_text() == "x"

    (out.home / "ready").touch()
    await kept.agree(of(out.file, "x"))
    await kept.agree(of(out.file, "x"))

    assert times(out.home) == 1


async def test_killed_after_the_text_and_before_the_telling_the_next_one_tells(
    out: Out,
) -> None:
    started = out.home / "started"
    hangs = ["sh", "-c", f"touch {started}; exec sleep 1000"]
    first = asyncio.create_task(writer(out.file, notify=hangs).agree(of(out.file, "x")))
    await eventually(started.exists, "it is being told")
    first.cancel()
    await asyncio.wait([first])
    assert out.file.read_text() == "x"

    await writer(out.file, notify=told(out.home)).agree(of(out.file, "x"))

    assert times(out.home) == 1
    assert out.all() == ["file.conf"]


async def test_killed_before_the_text_the_next_one_writes_it(out: Out) -> None:
    (out.directory / ".file.conf.candidate").write_text("half")
    (out.directory / ".file.conf.due").touch()
    await writer(out.file).agree(of(out.file, "x"))

    assert out.file.read_text() == "x"
    assert out.all() == ["file.conf"]


async def test_what_somebody_else_writes_is_replaced(out: Out) -> None:
    kept = writer(out.file)
    await kept.agree(of(out.file, "x"))
    out.file.write_bytes(b"\xff\xfe else")
    await kept.agree(of(out.file, "x"))

    assert out.file.read_text() == "x"


async def test_a_place_that_cannot_be_written_is_named(out: Out) -> None:
    (out.home / "taken").touch()
    for place in (out.home / "nowhere" / "f", out.home / "taken" / "f", out.home):
        with pytest.raises(ConfigError) as refused:
            await writer(place).agree(of(place, "x"))
        assert str(place) in str(refused.value)


def directory_of(place: Path, **output: Any) -> Writer:
    said = {"directory": str(place), "format": "synapse-json", **output}
    return Writer(Output.model_validate(said))


def several(place: Path, *written: str, held: tuple[str, ...] = ()) -> Texts:
    return Texts(
        texts={f"{place}/{name}.json": f'["{name}"]' for name in written},
        held=frozenset(f"{place}/{name}.json" for name in held),
    )


async def test_a_directory_is_made_and_has_a_file_for_each(out: Out) -> None:
    new = Out(out.home / "a" / "b")
    kept = directory_of(new.directory, notify=told(out.home))
    await kept.agree(several(new.directory, "x", "y"))

    assert new.json() == ["x.json", "y.json"]
    assert times(out.home) == 1


async def test_files_that_are_wanted_no_more_go_and_others_stay(out: Out) -> None:
    (out.directory / "theirs.json").touch()
    await directory_of(out.directory).agree(several(out.directory, "x", "y", "z"))

    again = directory_of(out.directory, notify=told(out.home))
    await again.agree(several(out.directory, "x", held=("y",)))

    assert out.json() == ["theirs.json", "x.json", "y.json"]
    assert times(out.home) == 1
    await again.agree(several(out.directory, "x", held=("y",)))
    assert times(out.home) == 1


@pytest.mark.parametrize("index", ['["../x.json", "a.txt", 5]', "nonsense", "5"])
async def test_a_spoilt_list_of_our_files_removes_nothing_of_others(
    out: Out, index: str
) -> None:
    (out.directory / ".written").write_text(index)
    (out.home / "x.json").touch()
    (out.directory / "a.txt").touch()
    await directory_of(out.directory).agree(several(out.directory, "x"))

    assert (out.home / "x.json").exists()
    assert (out.directory / "a.txt").exists()
    assert out.json() == ["x.json"]


async def test_one_file_that_is_refused_holds_up_no_other(out: Out) -> None:
    words = ["sh", "-c", '! grep -q y "$1"', "sh", "{file}"]
    kept = directory_of(out.directory, validate=words, notify=told(out.home))
    with pytest.raises(ConfigError, match=r"y.json: the new text is refused"):
        await kept.agree(several(out.directory, "x", "y", "z"))

    assert out.json() == ["x.json", "z.json"]
    assert times(out.home) == 1
