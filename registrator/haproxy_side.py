"""The HAProxy side of a daemon: a process of its own, kept alive, and asked.

It is `registrator-haproxy` itself. Nothing that it does delays a registration, and its
failures at work never end the daemon.
"""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import aiohttp

from registrator import haproxy_command
from registrator.backoff import delays
from registrator.errors import ConfigError, Unavailable
from registrator.haproxy_api import Proposed
from registrator.haproxy_views import HaproxyFileView, HaproxyPlanView, HaproxyView
from registrator.settings import Settings

log = logging.getLogger(__name__)

_MODULE: Final = "registrator_haproxy"
_WRONG: Final = 2
"""The exit code of a configuration that is wrong."""
_CHECKING: Final = 60.0
"""Seconds in which a configuration is read."""
_ANSWERING: Final = 60.0
"""Seconds in which a question is answered: HAProxy may have to check a proposal."""
_ENDING: Final = 15.0
"""Seconds that its end may take, where it has not said how many."""
_ASKED: Final = 2.0
"""Seconds after which one that was asked to stop, and not by us, is started again."""
_STABLE: Final = 60.0
"""Seconds after which one that ends is started as if it were the first time."""
_LONGEST: Final = 1 << 20
"""Octets of what it says of itself."""


def check(settings: Settings, environment: Mapping[str, str]) -> None:
    """Read the configuration; raise `ConfigError` with every mistake in it."""
    command = [*_command(settings), "--check-config", "--log-level", "error"]
    title = haproxy_command.title(settings)
    try:
        ended = subprocess.run(  # noqa: S603  it is ourselves
            command,
            env=haproxy_command.variables(settings, environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECKING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{title}: not read: {error}") from error
    if ended.returncode:
        last = ended.stderr.decode(errors="replace").rstrip().rpartition("\n")[2]
        raise _wrong(settings, ended.stdout, last)


class HaproxySide:
    """One such process, from its start to its end, and what comes after it."""

    def __init__(
        self, settings: Settings, control: Path, environment: Mapping[str, str]
    ) -> None:
        """*control* is the daemon's control socket: that of this is beside it."""
        self._settings = settings
        self._environment = haproxy_command.variables(settings, environment)
        self._control = control.with_name(f"{control.name}.haproxy")
        self._at_work: asyncio.subprocess.Process | None = None
        self._ending = _ENDING

    async def run(self) -> None:
        """Have it run until cancelled; then it ends, and HAProxy with it.

        Raise `ConfigError` where its first start shows that nothing can be begun with.
        """
        loop = asyncio.get_running_loop()
        waits, first = delays(first=0.5, cap=30.0), True
        while True:
            began = loop.time()
            ended = await self._once()
            if first and ended.code == _WRONG:
                raise _wrong(self._settings, ended.said, ended.reason)
            first = False
            if loop.time() - began > _STABLE:
                waits = delays(first=0.5, cap=30.0)
            if ended.code:
                log.error("the haproxy side ended: %s; it is started again", ended)
            # Whoever asked it to stop may be about to ask the daemon, too.
            await asyncio.sleep(next(waits) if ended.code else _ASKED)

    async def describe(self) -> HaproxyView:
        """Show it at a glance; raise `Unavailable`."""
        return cast("HaproxyView", await self._ask("", None))

    async def plan(self, proposed: Proposed | None) -> HaproxyPlanView:
        """Say what would be done; raise `ConfigError` or `Unavailable`."""
        return cast("HaproxyPlanView", await self._ask("/plan", proposed))

    async def file(self, proposed: Proposed | None) -> HaproxyFileView:
        """Show the file, and what it would be; raise the same."""
        return cast("HaproxyFileView", await self._ask("/file", proposed))

    async def _once(self) -> "_Ended":
        command = [*_command(self._settings), "--control", str(self._control)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,  # it ends when that does
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for us, who end it in order
                limit=_LONGEST,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            return _Ended(code=1, said=b"", reason=f"it cannot be started: {reason}")
        said = b""
        try:
            if process.stdout is not None:
                said = await process.stdout.readline()
            if self._is_ready(said):
                self._at_work = process
            code = await process.wait()
        except ValueError as error:  # of a line without end
            return _Ended(code=1, said=b"", reason=str(error))
        finally:
            self._at_work = None
            await self._end(process)
        return _Ended(code=code, said=said, reason=f"exit status {code}")

    def _is_ready(self, said: bytes) -> bool:
        ready = _parsed(said).get("ready")
        if not isinstance(ready, int | float):
            return False
        self._ending = float(ready)
        log.info("haproxy follows %s", haproxy_command.title(self._settings))
        return True

    def hang_up(self) -> None:
        """Have it read its configuration anew, as SIGHUP does."""
        # Earlier it would be ended by that.
        if self._at_work is not None:
            with suppress(ProcessLookupError):
                self._at_work.send_signal(signal.SIGHUP)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._ending):
                await process.wait()
        except TimeoutError:
            log.warning("the haproxy side hangs at its end, and is killed")
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, what: str, proposed: Proposed | None) -> object:
        """Pass a question on, and the answer back."""
        url = f"http://registrator/v1/haproxy{what}"
        body = None if proposed is None else proposed.text.encode()
        name = {} if proposed is None else {"name": proposed.name}
        connector = aiohttp.UnixConnector(str(self._control))
        try:
            async with (
                asyncio.timeout(_ANSWERING),
                aiohttp.ClientSession(connector=connector) as session,
                session.request(
                    "GET" if body is None else "POST", url, data=body, params=name
                ) as response,
            ):
                answer = _parsed(await response.read())
        except (OSError, aiohttp.ClientError) as error:
            reason = str(error) or "no answer"
            raise Unavailable(f"the haproxy side does not answer: {reason}") from error
        if isinstance(problems := answer.get("problems"), list):
            raise ConfigError(*map(str, problems))
        if "error" in answer:
            raise Unavailable(str(answer["error"]))
        if not answer:
            said = f"answers {response.status}, and nothing that can be read"
            raise Unavailable(f"the haproxy side {said}")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    code: int
    said: bytes
    """Its first line."""
    reason: str

    def __str__(self) -> str:
        problems = _parsed(self.said).get("problems", ())
        return "; ".join(map(str, problems)) or self.reason


def _command(settings: Settings) -> Sequence[str]:
    return (sys.executable, "-P", "-m", _MODULE, *haproxy_command.words(settings))


def _wrong(settings: Settings, said: bytes, otherwise: str) -> ConfigError:
    problems = _parsed(said).get("problems")
    where = haproxy_command.title(settings)
    if isinstance(problems, list) and problems:
        return ConfigError(*(f"{where}: {each}" for each in problems))
    return ConfigError(f"{where}: it cannot be used: {otherwise}")


def _parsed(said: bytes) -> dict[str, Any]:
    """Read a JSON object; what is none says nothing."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
