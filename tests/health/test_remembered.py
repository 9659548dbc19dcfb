"""What a daemon finds of what checks said before it began."""

import json
import logging
import time
from pathlib import Path

import pytest

from registrator.fitness import Cause, Finding, Status
from registrator.health import remembered
from registrator.health.remembered import OLD, Key
from registrator.model import ContainerId, ServiceId

KEY = Key(ServiceId("h:web:80"), ContainerId("c" * 64), 1, "http")
OTHER = KEY._replace(number=2, kind="tcp")
WELL = Finding(cause=Cause.CHECK, status=Status.PASSING, output="200 OK")
ILL = Finding(cause=Cause.CHECK, status=Status.CRITICAL, output='"no" \u2014 \x1b')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "checks.json"


def test_what_was_kept_is_found(file: Path) -> None:
    remembered.save(file, {KEY: WELL, OTHER: ILL})

    assert remembered.load(file) == {KEY: WELL, OTHER: ILL}
    assert file.stat().st_mode & 0o777 == 0o600


def test_at_first_there_is_nothing(file: Path) -> None:
    assert remembered.load(file) == {}


@pytest.mark.parametrize("age", [OLD + 60, -3600])
def test_what_is_old_or_not_yet_counts_no_more(file: Path, age: float) -> None:
    remembered.save(file, {KEY: WELL})
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "at": time.time() - age}))

    assert remembered.load(file) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"form": 2, "at": 0, "checks": []}',
        '{"form": 1, "at": "soon", "checks": []}',
        '{"form": 1, "at": NOW, "checks": [["too", "short"]]}',
        '{"form": 1, "at": NOW, "checks": [["s", "c", 0, "tcp", "fine", ""]]}',
        '{"form": 1, "at": NOW, "checks": 7}',
        "[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_told_and_nothing(
    file: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir()
    file.write_text(text.replace("NOW", repr(time.time())))

    assert remembered.load(file) == {}
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "cannot be read" in record.getMessage()


def test_no_more_than_so_many_are_kept_or_found(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {KEY._replace(number=number): WELL for number in range(5)}
    remembered.save(file, many)
    monkeypatch.setattr(remembered, "MOST", 3)
    assert len(remembered.load(file)) == 3

    remembered.save(file, many)
    assert len(json.loads(file.read_text())["checks"]) == 3


def test_a_file_that_is_too_large_is_not_read(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    remembered.save(file, {KEY: WELL})
    monkeypatch.setattr(remembered, "LONGEST", 10)

    assert remembered.load(file) == {}
    assert "more than 10 octets" in caplog.text
