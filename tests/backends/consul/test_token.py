import logging
import os
from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator_backends.consul.token import read_token
from registrator_backends.secret import Secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


def test_without_variables_there_is_no_token() -> None:
    assert read_token({}, {}).current() == ""


def test_a_variable_gives_the_token() -> None:
    assert read_token({}, {"CONSUL_HTTP_TOKEN": " abc\n"}).current() == "abc"


def test_a_file_wins_over_the_variable(file: Path) -> None:
    environment = {"CONSUL_HTTP_TOKEN": "abc", "CONSUL_HTTP_TOKEN_FILE": str(file)}

    assert read_token({}, environment).current() == "first"


def test_the_option_wins_over_the_environment(file: Path) -> None:
    environment = {"CONSUL_HTTP_TOKEN_FILE": "/nowhere"}

    assert read_token({"token_file": str(file)}, environment).current() == "first"


def test_a_file_that_changes_is_read_again(file: Path) -> None:
    token = Secret(path=file)

    file.write_text("second")

    assert token.current() == "second"


def test_a_file_that_is_replaced_is_read_again(file: Path, tmp_path: Path) -> None:
    token = Secret(path=file)
    status = file.stat()
    fresh = tmp_path / "fresh"
    fresh.write_text("other\n")
    os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))

    fresh.rename(file)

    assert token.current() == "other"


@pytest.mark.parametrize("content", [None, "", "  \n", "two words", "é"])
def test_a_file_that_is_spoilt_leaves_the_last_token(
    file: Path, content: str | None
) -> None:
    token = Secret(path=file)

    if content is None:
        file.unlink()
    else:
        file.write_text(content)

    assert token.current() == "first"


def test_a_spoilt_file_is_told_once_until_it_is_right_again(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = Secret(path=file)
    for content in ("", "", "second", ""):
        file.write_text(content)
        token.current()

    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in told] == 2 * [
        f"secret file {file}: it is empty; what it held stays"
    ]


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"CONSUL_HTTP_TOKEN": "a b"}, "CONSUL_HTTP_TOKEN: it holds characters"),
        ({"CONSUL_HTTP_TOKEN": "a\r\nX-Evil: 1"}, "CONSUL_HTTP_TOKEN: it holds"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/nowhere"}, "token file /nowhere: No such file"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/"}, "token file /: Is a directory"),
        ({"CONSUL_HTTP_TOKEN_FILE": "/dev/null"}, "token file /dev/null: it is empty"),
    ],
)
def test_a_token_that_cannot_be_used_is_a_mistake(
    environment: dict[str, str], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        read_token({}, environment)
