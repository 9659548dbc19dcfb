"""Commands in containers: what an engine is sent, and one that misbehaves."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from registrator.engine import Execution, resolve
from registrator.errors import SourceError
from registrator.model import ContainerId
from waiting import eventually

ID = "a" * 64
EXEC = "e" * 64
PATIENCE = 60.0


class Scripted:
    """An engine of words alone: every command prints "fine" and ends well.

    *answers* are its other answers by the last part of what is asked for; where it
    *hangs* nothing comes: version, exec, start, output (after its beginning) or json.
    """

    def __init__(
        self, path: Path, answers: Mapping[str, str] = {}, *, hangs: str = ""
    ) -> None:
        self.path = path
        self.requests: list[tuple[str, str, object]] = []
        self.open = 0
        self._hangs = hangs
        self._answers = {
            "version": '{"ApiVersion": "1.41", "MinAPIVersion": "1.12"}',
            "exec": f'{{"Id": "{EXEC}"}}',
            "json": '{"Running": false, "ExitCode": 0}',
            **answers,
        }

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()

    def execution(
        self, *, deadline: float = PATIENCE, patience: float = PATIENCE
    ) -> Execution:
        endpoint = resolve({}, f"unix://{self.path}")
        return Execution(endpoint, deadline=deadline, patience=patience)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, path, *_ = head.split(" ")
        found = re.search(r"Content-Length: ([0-9]+)", head)
        body = await reader.readexactly(int(found[1])) if found else b"null"
        self.requests.append((method, path, json.loads(body)))
        step = path.rpartition("/")[2]
        if step == self._hangs:
            return
        if step == "start":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n\x01\0\0\0\0\0\0\x04fine")
            if self._hangs != "output":
                writer.close()
            return
        text = self._answers[step]
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
        )


async def refusal(execution: Execution, container: str, *command: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        async with asyncio.timeout(PATIENCE):
            await execution.execute(ContainerId(container), command)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "web",
            "a" * 12,
            "a" * 63,
            "a" * 65,
            "A" * 64,
            f"{'a' * 64}\n",
            "\u0661" * 64,
        ),
        *(f"../{'a' * 61}", f"{'a' * 32}/../{'a' * 28}", f"{'a' * 60}/../", "host"),
    ],
)
async def test_what_is_no_whole_id_of_a_container_is_never_sent(
    tmp_path: Path, name: str
) -> None:
    async with Scripted(tmp_path / "engine.sock") as engine, engine.execution() as made:
        error = await refusal(made, name, "true")

    assert "is not the id of a container" in str(error)
    assert not engine.requests


async def test_the_engine_is_sent_a_list_of_arguments_for_that_container_alone(
    tmp_path: Path,
) -> None:
    command = ("/bin/check", "$(id)", "; reboot", "--privileged")
    async with Scripted(tmp_path / "engine.sock") as engine, engine.execution() as made:
        async with asyncio.timeout(PATIENCE):
            status, printed = await made.execute(ContainerId(ID), command)

    assert (status, printed) == (0, "fine")
    assert engine.requests == [
        ("GET", "/version", None),
        (
            "POST",
            f"/v1.41/containers/{ID}/exec",
            {
                "Cmd": list(command),
                "AttachStdin": False,
                "AttachStdout": True,
                "AttachStderr": True,
                "Tty": False,
                "Privileged": False,
            },
        ),
        ("POST", f"/v1.41/exec/{EXEC}/start", {"Detach": False, "Tty": False}),
        ("GET", f"/v1.41/exec/{EXEC}/json", None),
    ]


async def test_a_command_without_arguments_is_none(tmp_path: Path) -> None:
    async with Scripted(tmp_path / "engine.sock") as engine, engine.execution() as made:
        assert "no command" in str(await refusal(made, ID))

    assert not engine.requests


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"exec": "[]"}, "no JSON object"),
        ({"exec": "{"}, "not JSON"),
        ({"exec": "{}"}, "a command has no id"),
        ({"exec": '{"Id": "../../containers/x"}'}, "a command has no id"),
        ({"exec": f'{{"Id": ["{"a" * 64}"]}}'}, "a command has no id"),
        ({"json": "{}"}, "ended without exit status"),
        ({"json": '{"ExitCode": "0"}'}, "ended without exit status"),
        ({"json": "null"}, "no JSON object"),
    ],
)
async def test_an_engine_that_answers_nonsense_is_not_believed(
    tmp_path: Path, answers: dict[str, str], said: str
) -> None:
    path = tmp_path / "engine.sock"
    async with Scripted(path, answers) as engine, engine.execution() as made:
        assert said in str(await refusal(made, ID, "true"))


@pytest.mark.parametrize("step", ["version", "exec", "start", "json"])
async def test_an_engine_that_does_not_answer_is_given_up(
    tmp_path: Path, step: str
) -> None:
    path = tmp_path / "engine.sock"
    async with (
        Scripted(path, hangs=step) as engine,
        engine.execution(deadline=0.2) as made,
    ):
        assert "no answer in 0.2 s" in str(await refusal(made, ID, "true"))


async def test_an_output_that_ends_never_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with (
        Scripted(path, hangs="output") as engine,
        engine.execution(patience=0.3) as made,
    ):
        error = await refusal(made, ID, "true")

        assert "the command runs for longer than 0.3 s" in str(error)
        await eventually(lambda: engine.open == 1, "its connection is closed")


async def test_nothing_stays_open_of_what_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with Scripted(path, hangs="output") as engine, engine.execution() as made:
        waiting = asyncio.ensure_future(made.execute(ContainerId(ID), ("true",)))
        await eventually(lambda: engine.open == 2, "the output is read")
        waiting.cancel()

        await eventually(lambda: engine.open == 1, "its connection is closed")
        assert waiting.cancelled()
