"""What is asked of an upstream, as octets."""

import secrets
from dataclasses import dataclass
from struct import Struct

from registrator_dns import wire
from registrator_dns.forward.trail import option

_opt = Struct("!x2HBBHH").pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and how; questions that are equal are asked once."""

    octets: bytes
    """Name, type and class, as in a message."""
    do: bool
    cd: bool
    udp: bool
    trail: bytes = b""
    """Where the query has been before it came here."""


def asked(question: Question, token: bytes, *, edns: bool) -> bytes:
    """Write a query with a random id; *token* marks it as ours."""
    flags = wire.RD | (wire.CD if question.cd else 0)
    head = wire.header(secrets.token_bytes(2), flags, 1, 0, 0, 1 if edns else 0)
    if not edns:
        return head + question.octets
    passed = option(question.trail + token)
    do = 0x8000 if question.do else 0
    opt = _opt(wire.OPT, wire.OWN_UDP, 0, 0, do, len(passed))
    return head + question.octets + opt + passed
