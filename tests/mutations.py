"""Packets that are nearly right."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def mutated(
    packets: SearchStrategy[bytes], *, fewest: int = 0
) -> SearchStrategy[bytes]:
    """Draw packets with octets changed, put in, taken out, or cut off."""
    return _mutated(packets, fewest)


@st.composite
def _mutated(draw: st.DrawFn, packets: SearchStrategy[bytes], fewest: int) -> bytes:
    packet = bytearray(draw(packets))
    for _ in range(draw(st.integers(fewest, 4))):
        at = draw(st.integers(0, len(packet)))
        match draw(st.integers(0, 3)):
            case 0:
                packet[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                packet[at:at] = draw(st.binary(max_size=12))
            case 2:
                del packet[at : at + draw(st.integers(0, 12))]
            case _:
                del packet[at:]
    return bytes(packet)
