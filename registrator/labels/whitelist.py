"""What may leave this room: the strictest form that holds in every store and in DNS.

Containers name themselves; whatever does not fit is refused here, so that no backend
has to think about slashes, newlines or control characters.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address

from registrator.errors import RegistratorError
from registrator.model import ServiceId

MAX_TAGS = 100
MAX_METADATA = 48
"""Consul carries 64 pairs; the rest is room for what backends add."""

FALSE = frozenset({"", "0", "f", "false", "no", "off"})
"""What a switch may be set to, in any case, to stay off."""

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_ID = re.compile(r"[A-Za-z0-9_.:@+-]{1,255}")
_METADATA_KEY = re.compile(r"[a-z0-9_-]{1,128}")
_RESERVED = ("consul-", "registrator-")


class Refused(RegistratorError):
    """This service cannot be registered as it is asked for; says why."""


def shown(value: str) -> str:
    """*value* in quotes, printable and short enough for a log line."""
    return repr(value) if len(value) <= 60 else f"{value[:50]!r}... ({len(value)} long)"


def is_on(value: str) -> bool:
    """Whether a switch such as SERVICE_IGNORE is on."""
    return value.lower() not in FALSE


def service_name(text: str) -> str:
    """Pass a name that is a DNS name too (RFC 1035, 2.3.4), underscores allowed."""
    if len(text) <= 128 and all(map(_LABEL.fullmatch, text.split("."))):
        return text
    raise Refused(
        f"the service name {shown(text)} is not made of letters, digits, '-', '_' and "
        "single dots, at most 63 between dots and 128 in all"
    )


def service_id(text: str) -> ServiceId:
    """Pass an id that needs no escaping in a path."""
    if _ID.fullmatch(text) and text not in {".", ".."}:
        return ServiceId(text)
    raise Refused(
        f"the service id {shown(text)} is not made of letters, digits and '_.:@+-', "
        "at most 255"
    )


def tags(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Pass tags that are printable and not too long or too many."""
    if len(texts) > MAX_TAGS:
        raise Refused(f"{len(texts)} tags are more than {MAX_TAGS}")
    for text in texts:
        if not (text.isprintable() and len(text.encode()) <= 1024):
            raise Refused(
                f"the tag {shown(text)} is not printable or longer than 1024 octets"
            )
    return texts


def metadata(pairs: Mapping[str, str]) -> dict[str, str]:
    """Pass metadata within Consul's limits, the narrowest; sorted by key."""
    if len(pairs) > MAX_METADATA:
        raise Refused(f"{len(pairs)} metadata keys are more than {MAX_METADATA}")
    for key, value in pairs.items():
        if not _METADATA_KEY.fullmatch(key):
            raise Refused(
                f"the metadata key {shown(key)} is not made of letters, digits, "
                "'-' and '_', at most 128"
            )
        if key.startswith(_RESERVED):
            raise Refused(f"the metadata key {shown(key)} is reserved")
        if not (value.isprintable() and len(value.encode()) <= 512):
            raise Refused(
                f"the metadata {key} is not printable or longer than 512 octets: "
                f"{shown(value)}"
            )
    return dict(sorted(pairs.items()))


@lru_cache(maxsize=256)  # most containers of a host are reached at its own
def address(text: str) -> str:
    """Pass an address that a client can connect to, in its canonical form."""
    try:
        # The longest one has 45 characters; parsing megabytes of colons takes memory.
        parsed = ip_address(text if len(text) <= 45 else "")
    except ValueError:
        raise Refused(f"{shown(text)} is not an IP address") from None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_unspecified or parsed.is_multicast or "%" in text:
        raise Refused(f"{shown(text)} is no address to connect to")
    return str(parsed)


def port(number: int) -> int:
    """Pass a port that a client can connect to."""
    if 1 <= number <= 65535:
        return number
    raise Refused(f"{number} is not a port")
