"""Who holds a port, as far as /proc tells."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from registrator_dns import names

Transport = Literal["udp", "tcp"]

_PROC = Path("/proc")
_BOUND = {"07", "0A"}  # TCP_CLOSE, TCP_LISTEN in <net/tcp_states.h>


def holder(transport: Transport, address: str, port: int) -> str:
    """Name the process whose socket is in the way; "" where that is not known."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(transport, address, port)}
    for process in _PROC.glob("[0-9]*") if sockets else ():
        if not sockets.isdisjoint(_descriptors(process)):
            try:
                name = (process / "comm").read_text().strip()
            except OSError:
                return ""  # gone meanwhile
            return f"{name} (pid {process.name})"
    return ""


def _inodes(transport: Transport, address: str, port: int) -> Iterator[str]:
    """Read the kernel's tables (proc(5)): sl, local_address, rem_address, st, ..."""
    packed = names.packed(address)
    words = [packed[at : at + 4] for at in range(0, len(packed), 4)]
    ours = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    for table in (transport, f"{transport}6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue  # not Linux, or no IPv6
        for line in lines:
            _, local, _, state, *others = line.split()
            theirs, _, number = local.partition(":")
            # An address of zeros is every address.
            is_in_the_way = theirs == ours or not (
                theirs.strip("0") and ours.strip("0")
            )
            if int(number, 16) == port and is_in_the_way and state in _BOUND:
                yield others[5]


def _descriptors(process: Path) -> Iterator[str]:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return  # gone meanwhile, or somebody else's
    for descriptor in descriptors:
        try:
            yield str(descriptor.readlink())
        except OSError:
            continue  # closed meanwhile
