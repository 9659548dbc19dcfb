"""Text that is no name of DNS, spelled as one: any text as a label, and host names."""

import re
from hashlib import sha256

from registrator_dns.names import MAX_LABEL, MAX_NAME, Labels, parse, wire

_TO_ESCAPE = re.compile(rb"[^a-z0-9_-]|_(?=[0-9a-f]{2})")
_CUT = b"_2d"
"""Spells a hyphen, which needs no spelling: so it stands in no label but a cut one."""
_DIGEST = 32

_HOST_LABEL = re.compile(rb"[a-z0-9_-]{1,63}")


def label(text: str) -> bytes:
    """Spell *text* as one label: two texts never share one.

    Lower-case letters, digits, - and _ stand for themselves. Any other octet is _ and
    its two hexadecimal digits, and so is a _ that two such digits follow. What is
    longer than 63 octets then, or empty, ends in a digest of the text instead.
    """
    octets = text.encode("utf-8", "surrogatepass")
    spelled = _TO_ESCAPE.sub(lambda found: b"_%02x" % found[0][0], octets)
    if 0 < len(spelled) <= MAX_LABEL:
        return spelled
    digest = sha256(octets).hexdigest()[:_DIGEST].encode()
    return spelled[: MAX_LABEL - len(_CUT) - _DIGEST] + _CUT + digest


def host_name(text: str) -> Labels:
    """Read the name of a host; raise ValueError where it is none.

    Nothing but letters, digits, - and _ passes, nor what would be an address but for
    a mistake: no top-level domain is a number (RFC 3696 section 2).
    """
    labels = parse(text.removesuffix("."))
    if not all(map(_HOST_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise ValueError(f"{text!r} is no name of a host")
    if len(wire(labels)) >= MAX_NAME:
        raise ValueError(f"{text!r} is too long for a name")
    return labels
