from collections.abc import Callable

from registrator_dns.kept import Ready

# The octets that drain needs for its work.
ROOM: int
BATCH: int

# Answers up to BATCH packets that wait, in their place; returns how many it were. By
# all but its id, in lower case, `ready` has what ready.pack made. What it has no such
# answer to is handed to `other`, with the sockaddr of its sender and the note of the
# address that was asked.
def drain(
    fd: int,
    room: bytearray,
    ready: dict[bytes, Ready],
    other: Callable[[bytes, bytes, bytes], object],
    /,
) -> int: ...
