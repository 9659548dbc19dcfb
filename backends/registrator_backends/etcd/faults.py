"""What etcd says when it does not do what it was asked, as our errors.

Pure. The codes are gRPC's; 3.4 and 3.5 put the same codes and sentences into
answers of different shape and status.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from registrator.errors import Unavailable
from registrator.http_client import first_line
from registrator_backends.etcd import wire


class Away(Unavailable):
    """This member does not do it; another one may."""


class Refused(Unavailable):
    """The cluster answers, but does not take this one request for what it holds."""


class Stranger(Unavailable):
    """The cluster wants to know who asks, or does not take the token any more."""


class LeaseGone(Unavailable):
    """The lease is not there, and what hung on it is not either."""


class LeaseTaken(Unavailable):
    """There is a lease of this id already."""


class Compacted(Unavailable):
    """The cluster has forgotten what was asked for."""


class NoUsers(Unavailable):
    """The cluster knows no users: everyone may do everything."""


def fault(uri: str, what: str, status: int, body: bytes) -> Unavailable:
    """Read an answer that says what went wrong; it need not be etcd's own."""
    try:
        said = wire.document(body)
        inner = said.get("error")
        said = inner if isinstance(inner, dict) else said
        code = wire.number(said, "code") or wire.number(said, "grpc_code")
        text = str(said.get("message") or said.get("error") or "")
    except wire.Nonsense:
        code, text = 0, body[:200].decode(errors="replace")
    text = first_line(text.encode(errors="replace"))
    kind, hint = _judge(status, code, text)
    return kind(f"{uri}: {what}: {status} {text}{hint}")


def _judge(status: int, code: int, text: str) -> tuple[type[Unavailable], str]:
    """Say what kind of trouble it is, with what an operator may want to be told."""
    for part, kind, hint in _KNOWN:
        if part in text:
            return kind, hint
    if status == 404:
        return Away, "; it lacks etcd's v3 API (3.4 or later), and v2 is not spoken"
    return _OF_CODE.get(code, (Away, ""))


_OF_CODE: Final[Mapping[int, tuple[type[Unavailable], str]]] = MappingProxyType(
    {
        3: (Refused, ""),  # invalid argument
        7: (Refused, "; the user's role must read and write the keys of this registry"),
        8: (Unavailable, ""),  # resource exhausted
        11: (Refused, ""),  # out of range
        16: (Stranger, ""),  # unauthenticated
    }
)

_KNOWN: Final[tuple[tuple[str, type[Unavailable], str], ...]] = (
    ("user name is empty", Stranger, ""),
    ("revision in header is old", Stranger, ""),
    ("revision of auth store is old", Stranger, ""),
    ("requested lease not found", LeaseGone, ""),
    ("lease already exists", LeaseTaken, ""),
    ("authentication is not enabled", NoUsers, ""),
    ("has been compacted", Compacted, ""),
    ("message larger than max", Refused, ""),
    (
        "invalid user ID or password",
        Unavailable,
        "; check the user and the password",
    ),
    (
        "database space exceeded",
        Unavailable,
        "; compact and defragment it, then disarm its alarm (etcdctl alarm disarm)",
    ),
    (
        "CommonName of client",
        Unavailable,
        "; with users, etcd's gateway wants a client certificate without a common name",
    ),
    ("no leader", Away, "; most of its cluster must be up and connected"),
    ("timed out", Away, "; most of its cluster must be up and connected"),
    ("leader changed", Away, ""),
)
