"""The numbers of signals, by the names that engines take for them; pure."""

import re
import signal
from typing import Final

TERM: Final = int(signal.SIGTERM)

_LAST: Final = 64
_REALTIME: Final = {"RTMIN": 34, "RTMAX": 64}
"""Docker's numbers, which are those of glibc, whatever library this process has."""
_NAMED: Final = re.compile(r"(?:SIG)?([A-Z][A-Z0-9]*)(?:([+-])([0-9]{1,2}))?")


def number(text: str) -> int:
    """Read `SIGTERM`, `term`, `15` or `SIGRTMIN+3`; 0 for what is no signal."""
    if text.isascii() and text.isdigit():
        return int(text[:4]) if int(text[:4]) <= _LAST else 0
    found = _NAMED.fullmatch(text.upper())
    if found is None:
        return 0
    name, sign, offset = found.groups()
    if name in _REALTIME:
        step = int(offset or 0) * (-1 if sign == "-" else 1)
        moved = _REALTIME[name] + step
        return moved if _REALTIME["RTMIN"] <= moved <= _LAST else 0
    known = signal.Signals.__members__.get(f"SIG{name}")
    return int(known) if known is not None and not sign else 0
