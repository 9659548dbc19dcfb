"""Whether HAProxy can read a configuration, and what it says where it cannot."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registrator_haproxy.process.command import run

_NO_LISTENER: Final = 2
"""Exit status of a configuration that is right and listens nowhere: an empty one."""

_PROCESS: Final = re.compile(r" +\(\d+\) : ")
"""The checking process: else the same mistake is another one each time."""
_SUM: Final = re.compile(r"(Error\(s\)|Fatal errors) found in configuration")
"""What it ends with whenever it has said what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What HAProxy thinks of a configuration."""

    right: bool
    sentences: tuple[str, ...]
    """Its own, with the numbers of the lines: warnings, where it is right."""


async def check(program: str, candidate: Path, deadline: float) -> Verdict:
    """Have HAProxy read *candidate*, within *deadline* seconds, and judge it.

    It binds nothing meanwhile: one that is right may still find its ports taken.
    Raise `ConfigError` where *program* cannot be run, `Unavailable` where it hangs.
    """
    outcome = await run((program, "-c", "-f", str(candidate)), deadline)
    right = outcome.code in (0, _NO_LISTENER)
    said = [_PROCESS.sub(" ", line) for line in outcome.said if _tells(line)]
    if not right and not said:
        said = [*outcome.said, f"{program} -c ended with status {outcome.code}"]
    return Verdict(right=right, sentences=tuple(said))


def _tells(line: str) -> bool:
    return line.startswith(("[ALERT]", "[WARNING]")) and not _SUM.search(line)
