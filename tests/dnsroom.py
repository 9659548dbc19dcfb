"""A responder without sockets, asked with dnspython.

It stands here because a module under tests/dns would be one of dnspython's package.
"""

from collections.abc import Iterable
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from registrator.model import Service
from registrator_dns import names
from registrator_dns.answers import Answers
from registrator_dns.records import Host
from registrator_dns.zone import Zone

FOO = Host(
    node=(b"foo",),
    dc=b"dc1",
    address=names.packed("127.0.0.1"),
    nameservers=(names.packed("127.0.0.1"), names.packed("::1")),
)


def responder(
    *services: Service, host: Host = FOO, domain: str = "consul", **options: Any
) -> Answers:
    """Make a responder of host foo, or another, that shows *services*."""
    answers = Answers(Zone(host), names.parse(domain), **{"ttl": 0, **options})
    for service in services:
        answers.put(service)
    return answers


def query(name: str, kind: str = "A", cls: str = "IN", **edns: Any) -> bytes:
    """Write a query as dnspython does; *edns* are the options of its `use_edns`."""
    asked = dns.message.make_query(name, kind, cls, id=0x1234)
    if edns:
        asked.use_edns(**{"edns": 0, **edns})
    return asked.to_wire()


def reply(answers: Answers, packet: bytes, *, udp: bool = True) -> dns.message.Message:
    """Have *packet* answered, and read the reply with dnspython."""
    octets = answers.answer(packet, udp=udp)
    assert octets is not None
    return dns.message.from_wire(octets)


def ask(
    answers: Answers, name: str, kind: str = "A", **edns: Any
) -> dns.message.Message:
    """Ask over UDP, and check that the reply is one to just this query."""
    packet = query(name, kind, **edns)
    answer = reply(answers, packet)
    assert dns.message.from_wire(packet).is_response(answer)
    return answer


def shown(section: Iterable[dns.rrset.RRset]) -> set[str]:
    """Write every record of a section as `owner TYPE data`."""
    return {
        f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
        for rrset in section
        for rdata in rrset
    }


def data(answer: dns.message.Message) -> list[str]:
    """List the data of all answers, in their order."""
    return [str(rdata) for rrset in answer.answer for rdata in rrset]


def flags(answer: dns.message.Message) -> str:
    """List the flags that are set, as dig does."""
    return dns.flags.to_text(answer.flags)
