"""ACLs in words: ``scheme:id:permissions`` with commas between, as zkCli takes them."""

from dataclasses import dataclass, field
from typing import Final

from registrator.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody may do with a znode."""

    scheme: str
    who: str = field(repr=False)
    """An id of that scheme; it may hold the digest of a password."""
    permissions: str
    """Letters of cdrwa: create, delete, read, write, administer."""


_SCHEMES: Final = ("world", "auth", "digest", "sasl", "ip", "x509")
_WORDS: Final = {
    "open": "world:anyone:cdrwa",
    "creator": "auth::cdrwa",
    "creator-all-read": "auth::cdrwa,world:anyone:r",
}


def read_acl(text: str) -> tuple[Grant, ...]:
    """Read an ACL, or one of the words for the usual ones; raise `ConfigError`."""
    problems: list[str] = []
    entries = [_entry(each, problems) for each in _WORDS.get(text, text).split(",")]
    if problems:
        raise ConfigError(*problems)
    return tuple(entry for entry in entries if entry is not None)


def needs_login(acl: tuple[Grant, ...]) -> bool:
    """Whether it gives a right to whoever has said who they are."""
    return any(entry.scheme == "auth" for entry in acl)


def _entry(text: str, problems: list[str]) -> Grant | None:
    scheme, _, rest = text.partition(":")
    who, colon, letters = rest.rpartition(":")
    if scheme not in _SCHEMES or not colon:
        # What stands there may be a password's digest.
        problems.append(
            f"an entry is not scheme:id:permissions (schemes: {', '.join(_SCHEMES)};"
            f" or the whole is one of {', '.join(_WORDS)})"
        )
        return None
    if not letters or set(letters) - set("cdrwa"):
        problems.append(f"the permissions of {scheme} are not letters of cdrwa")
        return None
    if (scheme == "world") != (who == "anyone") or (not who and scheme != "auth"):
        problems.append(f"{scheme} is followed by no id that it knows")
        return None
    return Grant(scheme=scheme, who=who, permissions=letters)
