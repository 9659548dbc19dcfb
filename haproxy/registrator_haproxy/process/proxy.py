"""A HAProxy that takes up its file anew: the interface, and two that others started."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from registrator.bell import Bell
from registrator.errors import ConfigError
from registrator_haproxy.process.command import run
from registrator_haproxy.process.master import Master


class Refused(ConfigError):
    """HAProxy does not take a configuration; what it had goes on.

    Its problems are HAProxy's own sentences, as far as there are any.
    """


class Proxy(ABC):
    """A HAProxy, of which no more is known than that it has a configuration file."""

    def __init__(self) -> None:
        self.starts = Bell()
        """Rings when it serves anew with what is in the file, and nobody asked it to.

        What was changed at work is not there any more.
        """

    @abstractmethod
    async def reload(self) -> None:
        """Have it run what is in the file, and return when it serves with that.

        Raise `Refused` where it goes on with what it had, and `Unavailable` where
        nobody knows, or it does not run at all.
        """

    async def shares_network(self) -> bool:
        """Whether an address that is taken for us is taken for it too."""
        return False


class Attached(Proxy):
    """One that somebody else started as `haproxy -W -S SOCKET`, as Debian's unit does.

    Who started it starts it again when it dies, with what is in the file.
    """

    def __init__(self, place: Path, *, deadline: float) -> None:
        """*place* is its master socket; *deadline* the seconds of a reload."""
        super().__init__()
        self._master = Master(place, deadline)

    async def reload(self) -> None:
        """Do so through the master socket."""
        await through(self._master)

    async def shares_network(self) -> bool:
        """Ask the kernel; where it does not tell, such as of another user's, no."""
        master = str((await self._master.appears()).master)
        theirs, ours = await asyncio.to_thread(lambda: (_network(master), _network()))
        return theirs is not None and theirs == ours


class Commanded(Proxy):
    """One that a command of the operator's reloads; what its exit status says holds."""

    def __init__(self, command: Sequence[str], *, deadline: float) -> None:
        """*command* is a program and its arguments: there is no shell."""
        super().__init__()
        self._command = tuple(command)
        self._deadline = deadline

    async def reload(self) -> None:
        """Run the command to its end."""
        outcome = await run(self._command, self._deadline)
        if outcome.code:
            what = f"reload command {' '.join(self._command)}"
            raise Refused(f"{what}: exit status {outcome.code}", *outcome.said[-20:])


def _network(process: str = "self") -> Path | None:
    try:
        return Path(f"/proc/{process}/ns/net").readlink()
    except OSError:
        return None


async def through(master: Master, heard: Callable[[], Sequence[str]] = tuple) -> None:
    """Reload over a master socket; *heard* tells what HAProxy complained of meanwhile.

    Raise as `Proxy.reload` does.
    """
    said = await master.reload()
    if said is not None:
        silent = f"{master}: the reload failed; see what haproxy logged"
        raise Refused(*(said or heard() or (silent,)))
