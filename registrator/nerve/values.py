"""The values of a nerve configuration, which Ruby reads more freely than we do."""

import re
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address
from typing import Any, Final

from registrator.labels.whitelist import Refused, shown

Note = Callable[[str], None]
"""Takes a sentence about something that cannot be honoured."""

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def table(said: Any, where: str) -> Mapping[str, Any]:
    """Read a table, or nothing as an empty one; raise `Refused` for all else."""
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Refused(f"{where} is no table")
    return {str(key): value for key, value in said.items()}


def whole(said: Any, where: str, least: int, most: int) -> int:
    """Read a whole number, which may be written as text."""
    text = said if isinstance(said, str) else ""
    number = int(text) if _NUMBER.fullmatch(text) else said
    if type(number) is not int or not least <= number <= most:
        raise Refused(f"{where} is no number from {least} to {most}: {_brief(said)}")
    return number


def seconds(said: Any, where: str) -> float:
    """Read a time that is longer than nothing, and at most an hour."""
    right = type(said) in {int, float} and 0 < said <= 3600
    if not right:
        raise Refused(f"{where} is no time in seconds: {_brief(said)}")
    return float(said)


def text(said: Any, where: str, most: int = 1024) -> str:
    """Read a line of text."""
    if not isinstance(said, str) or not said.isprintable() or len(said) > most:
        raise Refused(f"{where} is no line of text: {_brief(said)}")
    return said


def address(said: Any, where: str) -> str:
    """Read a host, which has to be given by its address here."""
    host = "127.0.0.1" if said == "localhost" else text(said, where)
    try:
        return str(ip_address(host))
    except ValueError:
        raise Refused(f"{where} is no IP address: {_brief(said)}") from None


def unknown(
    said: Collection[str], known: Collection[str], where: str, note: Note
) -> None:
    """Name what is not known here."""
    for key in sorted({*said} - {*known}):
        note(f"{where}{key}: is not known here")


def _brief(said: Any) -> str:
    return (
        "nothing"
        if said is None
        else shown(said if isinstance(said, str) else repr(said))
    )
