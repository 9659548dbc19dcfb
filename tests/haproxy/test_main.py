"""The command line of registrator-haproxy."""

from pathlib import Path

import pytest

from registrator_haproxy.__main__ import main
from registrator_haproxy.pace import Settle
from registrator_haproxy.start import Start, load


def start(file: Path, settle: Settle | None = None) -> Start:
    return Start(file=file, state=None, node="n", environment={}, settle=settle)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "haproxy.yaml"
    path.write_text('settle: "1:2"\n')
    return path


def test_the_command_line_says_how_long_changes_settle_before_the_file(
    file: Path,
) -> None:
    wait = Settle(quiet=5.0, longest=9.0)

    assert load(start(file)).settle == Settle(quiet=1.0, longest=2.0)
    assert load(start(file, wait)).settle == wait


def test_a_wait_that_is_none_is_a_report(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--haproxy-settle", "soon", str(file)])

    assert code == 2
    assert "--haproxy-settle: 'soon' is no wait" in capsys.readouterr().err


def test_a_mistake_in_an_address_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "entry.yaml"
    file.write_text("services: {web: {from: 'nowhere://x'}}")

    assert main(["--check-config", str(file)]) == 2
    assert f"{file}: services.web.from: 'nowhere' is no" in capsys.readouterr().err
