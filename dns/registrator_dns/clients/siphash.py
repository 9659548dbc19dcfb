"""SipHash-2-4 (Aumasson and Bernstein, 2012): a short hash that needs a secret."""

from struct import Struct

_PAIR = Struct("<2Q").unpack
_WORD = Struct("<Q")
_MASK = 0xFFFF_FFFF_FFFF_FFFF
_END = 0xFF


def siphash(secret: bytes, data: bytes) -> bytes:
    """Hash *data* with 16 octets of *secret*; 8 octets, the lowest first."""
    low, high = _PAIR(secret)
    padded = data + bytes(7 - len(data) % 8) + bytes((len(data) & 0xFF,))
    a, b = low ^ 0x736F_6D65_7073_6575, high ^ 0x646F_7261_6E64_6F6D
    c, d = low ^ 0x6C79_6765_6E65_7261, high ^ 0x7465_6462_7974_6573
    for (word,) in _WORD.iter_unpack(padded):
        a, b, c, d = _rounds(2, a, b, c, d ^ word)
        a ^= word
    a, b, c, d = _rounds(4, a, b, c ^ _END, d)
    return _WORD.pack(a ^ b ^ c ^ d)


def _rounds(count: int, a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    for _ in range(count):
        a = a + b & _MASK
        c = c + d & _MASK
        b = (b << 13 & _MASK | b >> 51) ^ a
        d = (d << 16 & _MASK | d >> 48) ^ c
        a = (a << 32 & _MASK | a >> 32) + d & _MASK
        c = c + b & _MASK
        d = (d << 21 & _MASK | d >> 43) ^ a
        b = (b << 17 & _MASK | b >> 47) ^ c
        c = c << 32 & _MASK | c >> 32
    return a, b, c, d
