"""Tags and metadata as the text of a message, which a TXT record shows.

Pure. ``tag=a tag=b version=1``: one text without spaces of its own, since a server
cuts it into strings of 255 octets wherever that falls. A backslash would begin an
escape in CoreDNS (miekg/dns writes texts in the form of a zone file).
"""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

_TAG: Final = "tag"
_ESCAPED: Final = frozenset(' %\\"')


def write_text(tags: Iterable[str], metadata: Mapping[str, str]) -> str:
    """Write the tags in their order, then the metadata by name.

    What would not come through, or could not be seen, stands as %XX. Raise
    UnicodeEncodeError for half a character.
    """
    pairs = [f"{_TAG}={_escape(tag)}" for tag in tags]
    for key, value in sorted(metadata.items()):
        pairs.append(f"{_key(key)}={_escape(value)}")
    return " ".join(pairs)


def read_text(text: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Read tags and metadata; another's text is the metadata ``text`` as a whole."""
    tags: list[str] = []
    metadata: dict[str, str] = {}
    for pair in text.split(" ") if text else ():
        key, _, value = pair.partition("=")
        if key == _TAG:
            tags.append(unquote(value))
        else:
            metadata[unquote(key)] = unquote(value)
    if write_text(tags, metadata) != text:
        return (), {"text": text}
    return tuple(tags), metadata


def _key(key: str) -> str:
    if key == _TAG:
        return "%74ag"
    return _escape(key).replace("=", "%3D")


def _escape(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    plain = character.isprintable() and character not in _ESCAPED
    return character if plain else quote(character, safe="")
