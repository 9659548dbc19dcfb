import stat
from pathlib import Path

import pytest

from registrator import control_socket

SHARED = Path("/run/registrator/control.sock")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (SHARED,)),
        ({"XDG_RUNTIME_DIR": ""}, (SHARED,)),
        ({"XDG_RUNTIME_DIR": "/r"}, (Path("/r/registrator/control.sock"), SHARED)),
        ({"REGISTRATOR_CONTROL": "/c"}, (Path("/c"),)),
        ({"REGISTRATOR_CONTROL": "/c", "XDG_RUNTIME_DIR": "/r"}, (Path("/c"),)),
    ],
)
def test_the_likeliest_socket_comes_first(
    environment: dict[str, str], expected: tuple[Path, ...]
) -> None:
    assert control_socket.candidates(environment) == expected


def test_a_users_own_runtime_directory_is_chosen_and_made_private(
    tmp_path: Path,
) -> None:
    path = control_socket.choose({"XDG_RUNTIME_DIR": str(tmp_path)})

    assert path == tmp_path / "registrator" / "control.sock"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_choosing_a_second_time_is_the_same(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}

    assert control_socket.choose(environment) == control_socket.choose(environment)


def test_a_given_place_is_chosen_and_its_directories_made(tmp_path: Path) -> None:
    given = tmp_path / "a" / "b" / "c.sock"

    chosen = control_socket.choose({"REGISTRATOR_CONTROL": str(given)})

    assert chosen == given
    assert given.parent.is_dir()


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "registrator").write_text("")

    with pytest.raises(OSError, match="registrator"):
        control_socket.choose({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_client_and_daemon_meet(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}

    chosen = control_socket.choose(environment)

    assert chosen in control_socket.candidates(environment)
