import asyncio
import os
import socket
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from registrator import control
from registrator.ctl.client import Client, NoDaemon, NotKnown
from registrator.errors import ConfigError
from registrator.views import ServiceView
from showcase import Showcase, container, port, service

T = TypeVar("T")

ODD_NAMES = (
    "web",
    "a b",
    "a/b",
    "../status",
    "..",
    ".",
    "%2e%2e",
    "a?service=b&c#d",
    "a+b",
    "bücher 日本",
    "\x1b[31m\n",
    "x" * 5000,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


async def ask(path: Path, question: Callable[[Client], T]) -> T:
    return await asyncio.to_thread(question, Client([path]))


async def raw(path: Path, request: str) -> str:
    """Send what no client of ours would, and return the first line of the answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(request.encode())
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.decode().strip()


def mode(path: Path) -> int | None:
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.lstat().st_mode)
    return None


def unlink(path: Path) -> None:
    path.unlink()


def stale(path: Path) -> None:
    """Leave a socket as a killed daemon does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))


async def test_every_service_is_listed(path: Path) -> None:
    shown = [service("web"), service("db")]
    async with control.serve(path, Showcase(shown)):
        assert await ask(path, lambda client: client.services("")) == shown


async def test_one_service_is_listed_by_its_name(path: Path) -> None:
    async with control.serve(path, Showcase([service("web"), service("db")])):
        found = await ask(path, lambda client: client.services("db"))

    assert found == [service("db")]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_any_name_of_a_service_arrives_as_it_was_sent(
    path: Path, name: str
) -> None:
    views = Showcase([service(name)])
    async with control.serve(path, views):
        assert await ask(path, lambda client: client.services(name)) == views.found


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_any_name_of_a_container_arrives_as_it_was_sent(
    path: Path, name: str
) -> None:
    views = Showcase(containers={name: container(name, port())})
    async with control.serve(path, views):
        assert await ask(path, lambda client: client.explain(name)) == container(
            name, port()
        )


async def test_a_container_that_is_not_known_is_told_of(path: Path) -> None:
    async with control.serve(path, Showcase()):
        with pytest.raises(NotKnown, match="no such container: x"):
            await ask(path, lambda client: client.explain("x"))


async def test_no_name_at_all_is_not_known(path: Path) -> None:
    async with control.serve(path, Showcase()):
        with pytest.raises(NotKnown, match="404"):
            await ask(path, lambda client: client.explain(""))


async def test_an_engine_that_is_away_is_told_of(path: Path) -> None:
    async with control.serve(path, Showcase(away=True, error="no answer")):
        with pytest.raises(NotKnown, match="away: no answer"):
            await ask(path, lambda client: client.explain("x"))


async def test_the_status_is_shown(path: Path) -> None:
    views = Showcase(well=False, error="no answer")
    async with control.serve(path, views):
        assert await ask(path, lambda client: client.status()) == views.status()


async def test_a_view_that_breaks_takes_nothing_along(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Showcase):
        def services(self, name: str) -> list[ServiceView]:
            raise RuntimeError(f"a bug with {name!r}")

    async with control.serve(path, Broken()):
        with pytest.raises(NotKnown, match="500"):
            await ask(path, lambda client: client.services(""))
        assert (await ask(path, lambda client: client.status()))["version"] == "1.2.3"

    assert "a bug" in caplog.text


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        ("POST /v1/status", "405"),
        ("DELETE /v1/containers/x", "405"),
        ("GET /", "404"),
        ("GET /v2/status", "404"),
        ("GET /v1/containers/../status", "404"),
        ("NONSENSE", "400"),
    ],
)
async def test_it_can_be_read_and_nothing_else(
    path: Path, request_line: str, code: str
) -> None:
    async with control.serve(path, Showcase()):
        answer = await raw(path, f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.split()[1] == code


async def test_many_ask_at_once(path: Path) -> None:
    views = Showcase([service("web")])
    async with control.serve(path, views):
        found = await asyncio.gather(
            *(ask(path, lambda client: client.services("")) for _ in range(20))
        )

    assert found == [views.found] * 20


async def test_the_socket_is_its_owners_alone_from_the_first_moment(path: Path) -> None:
    seen: set[int | None] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.add(mode(path))

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = os.umask(0)
    try:
        async with control.serve(path, Showcase()):
            seen.add(mode(path))
            assert os.umask(0) == 0
    finally:
        os.umask(before)
        over.set()
        watcher.join()

    assert seen - {None} == {0o600}


async def test_the_socket_is_removed_at_the_end(path: Path) -> None:
    async with control.serve(path, Showcase()):
        assert mode(path) is not None

    assert mode(path) is None


async def test_a_socket_that_is_gone_already_is_no_trouble_at_the_end(
    path: Path,
) -> None:
    async with control.serve(path, Showcase()):
        unlink(path)

    assert mode(path) is None


async def test_the_socket_of_a_killed_daemon_is_replaced(path: Path) -> None:
    stale(path)

    async with control.serve(path, Showcase()):
        assert (await ask(path, lambda client: client.status()))["well"]


async def test_the_socket_of_a_living_daemon_is_left_alone(path: Path) -> None:
    async with control.serve(path, Showcase()):
        with pytest.raises(ConfigError, match="another registrator answers"):
            async with control.serve(path, Showcase()):
                pass

        assert (await ask(path, lambda client: client.status()))["well"]


async def test_the_socket_of_a_daemon_that_hangs_is_left_alone(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.bind(str(path))
        hung.listen(0)
        waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(str(path))

        with pytest.raises(ConfigError, match="another registrator answers"):
            async with control.serve(path, Showcase()):
                pass

        assert mode(path) is not None
        for each in waiting:
            each.close()


def make(kind: str, path: Path) -> None:
    """Have something else where the socket should be."""
    if kind == "file":
        path.write_text("precious")
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(kind)


@pytest.mark.parametrize("kind", ["file", "directory", "/etc/passwd", "/nowhere"])
async def test_what_is_no_socket_is_never_removed(path: Path, kind: str) -> None:
    make(kind, path)
    before = mode(path)

    with pytest.raises(ConfigError, match=r"control.sock: .*something else is there"):
        async with control.serve(path, Showcase()):
            pass

    assert mode(path) == before


@pytest.mark.parametrize("name", ["none/control.sock", "x" * 200])
async def test_a_place_where_no_socket_can_be_is_a_mistake(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match="choose another place with -control"):
        async with control.serve(tmp_path / name, Showcase()):
            pass


async def test_a_question_that_hangs_does_not_hold_the_end_up(path: Path) -> None:
    views = Showcase(hanging=asyncio.Event())
    async with asyncio.timeout(30):
        async with control.serve(path, views):
            asking = asyncio.ensure_future(
                ask(path, lambda client: client.explain("x"))
            )
            assert views.hanging is not None
            await views.hanging.wait()

        with pytest.raises((NotKnown, NoDaemon)):
            await asking


async def test_a_successor_can_open_the_socket_while_the_first_still_closes(
    path: Path,
) -> None:
    views = Showcase(hanging=asyncio.Event())
    first = control.serve(path, views)
    await first.__aenter__()
    asking = asyncio.ensure_future(ask(path, lambda client: client.explain("x")))
    assert views.hanging is not None
    await views.hanging.wait()
    closing = asyncio.ensure_future(first.__aexit__(None, None, None))
    await asyncio.sleep(0)

    async with control.serve(path, Showcase()):
        await closing
        assert (await ask(path, lambda client: client.status()))["well"]

    await asyncio.gather(asking, return_exceptions=True)
