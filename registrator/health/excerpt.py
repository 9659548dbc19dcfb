"""The beginning of what a peer said, as one line for people. Pure."""

from typing import Final

LONGEST: Final = 200


def excerpt(said: str | bytes, longest: int = LONGEST) -> str:
    """Make one printable line of it, and cut it where it is too long."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    line = " ".join("".join(filter(str.isprintable, each)) for each in text.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
