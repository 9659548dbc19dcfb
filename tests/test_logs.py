import json
import logging
import re
from collections.abc import Iterator

import pytest

from registrator import logs

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
FORGED = "x\n2026-01-01T00:00:00.000Z error   the house is on fire\x1b[2J\r\u2028y"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Put the root logger back as pytest had it."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("aiohttp", "asyncio"))]
    handlers, levels = root.handlers[:], [each.level for each in loggers]
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def fall_over() -> None:
    try:
        int(FORGED)
    except ValueError:
        logging.getLogger("test").exception("it broke: %s", "here")


def test_a_line_says_when_how_bad_and_what(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "info")

    logging.getLogger("test").warning("%s: no answer", "consul")

    assert re.fullmatch(
        rf"{MOMENT} warning consul: no answer\n", capfd.readouterr().err
    )


def test_nothing_goes_to_the_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "info")

    logging.getLogger("test").error("wrong")

    assert capfd.readouterr().out == ""


def test_a_message_cannot_forge_another_line(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "info")

    logging.getLogger("test").warning("label %s", FORGED)

    (line,) = capfd.readouterr().err.splitlines()
    assert "\\n2026" in line
    assert "\x1b" not in line


def test_an_exception_is_shown_indented_and_forges_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("text", "info")

    fall_over()

    first, *trace = capfd.readouterr().err.splitlines()
    assert first.endswith("it broke: here")
    assert any("ValueError" in line for line in trace)
    assert any("in fall_over" in line for line in trace)
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_json_is_one_object_a_line_whatever_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("json", "info")

    logging.getLogger("test").info("label %s \udcff", FORGED)
    fall_over()

    told, broken = map(json.loads, capfd.readouterr().err.splitlines())
    assert told.keys() == {"time", "level", "logger", "message"}
    assert re.fullmatch(MOMENT, told["time"])
    assert (told["level"], told["logger"]) == ("info", "test")
    assert told["message"] == f"label {FORGED} \udcff"
    assert "ValueError" in broken["trace"]


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_what_is_grave_enough_is_logged(
    level: str, told: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("text", level)

    for name in ("debug", "info", "warning", "error"):
        logging.getLogger("test").log(logging.getLevelName(name.upper()), "said")

    assert [line.split()[1] for line in capfd.readouterr().err.splitlines()] == told


@pytest.mark.parametrize("level", ["info", "warning", "error"])
@pytest.mark.parametrize("library", ["aiohttp.access", "asyncio"])
def test_libraries_say_less_than_we_and_never_more(
    library: str, level: str, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("text", level)

    logging.getLogger(library).info("chatter")
    logging.getLogger(library).warning("a slow callback")

    shown = capfd.readouterr().err
    assert "chatter" not in shown
    assert ("slow" in shown) == (level != "error")


def test_setting_up_twice_logs_once(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "info")
    logs.set_up("text", "info")

    logging.getLogger("test").warning("said")

    assert len(capfd.readouterr().err.splitlines()) == 1
