"""A responder without sockets, asked with dnspython.

It stands here because a module under tests/dns would be one of dnspython's package.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from registrator.model import Instance, Service
from registrator_dns import names
from registrator_dns.answers import Answers
from registrator_dns.clients.cookies import Cookies
from registrator_dns.names import Labels
from registrator_dns.records import Host
from registrator_dns.replies import Manner
from registrator_dns.ttls import Ttls
from registrator_dns.zone import Zone

FOO = Host(
    node=(b"foo",),
    dc=b"dc1",
    address=names.packed("127.0.0.1"),
    nameservers=(names.packed("127.0.0.1"), names.packed("::1")),
)


def instance(service: Service, host: Host = FOO) -> Instance:
    """Show *service* as the daemon of *host* does."""
    node = b".".join(host.node).decode()
    address = str(ip_address(host.address)) if host.address else ""
    return Instance.of(service, node=node, node_address=address)


def zone(*services: Service | Instance, host: Host = FOO, **options: Any) -> Zone:
    """Make the zone of host foo, or another, that shows *services*."""
    made = Zone(host, **options)
    for each in services:
        shown = each if isinstance(each, Instance) else instance(each, host)
        made.put(shown.id, shown)
    return made


def responder(
    *services: Service | Instance,
    host: Host = FOO,
    domain: str = "consul",
    ttl: int | Ttls = 0,
    kept: int = 1 << 15,
    forwards: bool = False,
    cookies: Cookies | None = None,
    short: Labels = (),
    **manner: Any,
) -> Answers:
    """Make a responder of host foo, or another, that shows *services*.

    *domain* may be several with commas; *manner* is for the fields of `Manner`.
    """
    domains = [names.parse(each) for each in domain.split(",")]
    ttls = ttl if isinstance(ttl, Ttls) else Ttls(default=ttl)
    default = {"ttl": ttls.default, "negative_ttl": ttls.default}
    return Answers(
        zone(*services, host=host, ttls=ttls, short=short),
        domains,
        Manner(**{**default, **manner}),
        kept=kept,
        forwards=forwards,
        cookies=cookies,
    )


def put(answers: Answers, service: Service) -> None:
    """Have one more service of host foo shown."""
    answers.put(service.id, instance(service))


def query(name: str, kind: str = "A", cls: str = "IN", **edns: Any) -> bytes:
    """Write a query as dnspython does; *edns* are the options of its `use_edns`."""
    asked = dns.message.make_query(name, kind, cls, id=0x1234)
    if edns:
        asked.use_edns(**{"edns": 0, **edns})
    return asked.to_wire()


def reply(answers: Answers, packet: bytes, *, udp: bool = True) -> dns.message.Message:
    """Have *packet* answered, and read the reply with dnspython."""
    octets = answers.answer(packet, udp=udp)
    assert isinstance(octets, bytes)
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
