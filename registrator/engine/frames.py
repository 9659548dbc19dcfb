"""What a command printed, out of the engine's stream of frames. Pure.

A frame has a head of eight octets: which output it is of, three zeros, its length.
Source: Docker Engine API, "Stream format" of attaching to a container.
"""

from collections.abc import Iterator
from typing import Final

_HEAD: Final = 8
_OUTPUTS: Final = frozenset({0, 1, 2})


def printed(stream: bytes) -> bytes:
    """Return the payloads of all frames, both outputs in the order of their coming.

    From where there is no frame the stream is taken as it is: what the engine itself
    has to say it does not always frame. The last frame may be cut short.
    """
    return b"".join(_payloads(stream))


def _payloads(stream: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(stream):
        head = stream[place : place + _HEAD]
        if head[0] not in _OUTPUTS or any(head[1:4]):
            yield stream[place:]
            return
        end = place + _HEAD + int.from_bytes(head[4:])
        yield stream[place + _HEAD : end]
        place = end
