import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registrator.ctl.client import Client, NoDaemon, NotKnown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@contextmanager
def daemon(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Accept one connection, read the question, and do with it what is told."""

    def work() -> None:
        link, _ = listener.accept()
        with link:
            link.recv(65536)
            answer(link)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        worker = threading.Thread(target=work)
        worker.start()
        yield
        worker.join()


def says(*pieces: bytes) -> Callable[[socket.socket], None]:
    def answer(link: socket.socket) -> None:
        for piece in pieces:
            link.sendall(piece)

    return answer


def http(body: object, status: str = "200 OK") -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(text),
        text,
    )


BROKEN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200",
    "half a body": http({"services": []})[:-3],
    "no HTTP": b"hello\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000,
    "an endless line": b"HTTP/1.1 200 OK\r\na: " + b"x" * 100_000,
    "a wrong length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
}

STRANGE = {
    "no JSON": http(b"<html>"),
    "no text": http(b"\xff\xfe"),
    "a list": http([]),
    "nothing of ours": http({"a": 1}),
    "endless nesting": http(b"[" * 100_000),
    "null": http(None),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_is_no_daemon(path: Path, answer: bytes) -> None:
    with daemon(path, says(answer)), pytest.raises(NoDaemon):
        Client([path]).services("")


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_an_answer_of_something_else_is_no_daemon(path: Path, answer: bytes) -> None:
    with (
        daemon(path, says(answer)),
        pytest.raises(NoDaemon, match="is not registrator"),
    ):
        Client([path]).status()


def test_a_daemon_that_hangs_is_not_waited_for(path: Path) -> None:
    over = threading.Event()

    def hang(_: socket.socket) -> None:
        over.wait()

    with daemon(path, hang):
        with pytest.raises(NoDaemon, match="timed out"):
            Client([path], deadline=0.05).status()
        over.set()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "no such container: x"}, "no such container: x"),
        ({}, "the daemon answers 404"),
        (b"404: Not Found", "the daemon answers 404"),
        ([], "the daemon answers 404"),
    ],
)
def test_an_answer_that_says_no_is_told(path: Path, body: object, told: str) -> None:
    with (
        daemon(path, says(http(body, "404 Not Found"))),
        pytest.raises(NotKnown, match=told),
    ):
        Client([path]).explain("x")


def test_an_answer_in_pieces_is_put_together(path: Path) -> None:
    whole = http({"services": []})

    with daemon(path, says(*(whole[at : at + 1] for at in range(len(whole))))):
        assert Client([path]).services("") == []


def test_the_first_socket_that_somebody_listens_on_counts(path: Path) -> None:
    absent, stale = path.with_name("absent"), path.with_name("stale")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(stale))

    with daemon(path, says(http({"services": []}))):
        assert Client([absent, stale, path]).services("") == []


def test_where_nobody_listens_every_place_is_named_with_its_reason(path: Path) -> None:
    file = path.with_name("file")
    file.touch()

    with pytest.raises(NoDaemon) as raised:
        Client([path, file, Path("x" * 200)]).status()

    told = str(raised.value)
    assert f"{path}: No such file or directory" in told
    assert f"{file}: Connection refused" in told
    assert "path too long" in told
    assert "is registrator running" in told


def test_a_name_that_is_no_text_can_be_asked_for(path: Path) -> None:
    with daemon(path, says(http({"services": []}))):
        assert Client([path]).services("\udcff") == []
