"""What a resolver's answer says, and for how long. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.SRV
from dns.exception import DNSException
from dns.name import Name
from dns.rdataclass import IN
from dns.rdatatype import SOA, SRV, A, RdataType
from dns.rrset import RRset

NO_TTL: Final = 2**31


class Misleading(Exception):
    """An answer that says nothing of what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One SRV record (RFC 2782)."""

    host: Name
    port: int
    priority: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of one name and one kind of record."""

    name: Name
    """The name that has the records, at the end of all aliases."""
    addresses: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    ttl: int = NO_TTL
    """Seconds for which it holds."""
    onward: bool = False
    """Whether nothing was said of *name* itself, which is to be asked next."""
    there: bool = True
    """Whether the name exists, with records of this kind or of others."""
    known: Mapping[Name, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    """IPv4 addresses of other names that came along, with their TTLs."""


def read(message: dns.message.Message) -> Answer:
    """Read a response that is known to be one to the question; raise `Misleading`."""
    if not isinstance(message, dns.message.QueryMessage):
        raise Misleading("not the answer to a query")
    if message.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise Misleading(f"says {dns.rcode.to_text(message.rcode())}")
    if not message.question or message.flags & dns.flags.TC:
        raise Misleading("not the whole answer")
    try:
        found = message.resolve_chaining()
    except DNSException as error:
        raise Misleading(str(error).rstrip(".").lower()) from error
    there = message.rcode() == dns.rcode.NOERROR
    denied = any(each.rdtype == SOA for each in message.authority)
    onward = there and found.answer is None and bool(found.cnames) and not denied
    return Answer(
        name=found.canonical_name,
        addresses=_addresses(found.answer),
        targets=_targets(found.answer),
        ttl=min(each.ttl for each in found.cnames) if onward else found.minimum_ttl,
        onward=onward,
        there=there,
        known=_known(message.additional),
    )


def _addresses(records: Iterable[object] | None) -> tuple[str, ...]:
    kinds = dns.rdtypes.IN.A.A, dns.rdtypes.IN.AAAA.AAAA
    return tuple(
        sorted(str(each.address) for each in records or () if isinstance(each, kinds))
    )


def _targets(records: Iterable[object] | None) -> tuple[Target, ...]:
    return tuple(
        Target(
            host=each.target,
            port=each.port,
            priority=each.priority,
            weight=each.weight,
        )
        for each in records or ()
        # The root as a target says that there is no such service.
        if isinstance(each, dns.rdtypes.IN.SRV.SRV) and len(each.target) > 1
    )


def _known(
    records: Iterable[RRset],
) -> Mapping[Name, tuple[tuple[str, ...], int]]:
    return {
        each.name: (_addresses(each), each.ttl)
        for each in records
        if each.rdclass == IN and each.rdtype == A
    }


KINDS: Final[Mapping[str, RdataType]] = {"SRV": SRV, "A": A, "AAAA": RdataType.AAAA}
