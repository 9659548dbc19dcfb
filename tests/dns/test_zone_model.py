"""What the zone shows against a plain description of what it should show."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

import dns.rcode
import dns.rdata
import dns.rdatatype
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsroom import FOO, ask, responder, shown
from registrator.model import Service, ServiceId
from registrator_dns import wire
from registrator_dns.authority import Authority
from registrator_dns.query import Query
from registrator_dns.refusals import refusals
from registrator_dns.zone import Zone
from samples import web

Names = Mapping[str, Mapping[str, set[str]]]
"""The data of every name, by type."""

KINDS = ("A", "AAAA", "SRV", "TXT", "PTR")
HOST = ip_address("127.0.0.1")
IDS = ("1", "2", "3", "4")
LABELS = ("a", "b", "_a", "udp", "tcp", "service")
LONGEST = "X" * 63
ADDRESSES = ("127.0.0.1", "127.0.0.2", "10.0.0.1", "::1", "fd00::1")


def dotted(*, most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(LABELS), min_size=1, max_size=most).map(".".join)


SERVICES = st.builds(
    web,
    id=st.sampled_from(IDS),
    name=dotted(most=2) | st.just(LONGEST),
    address=st.sampled_from(ADDRESSES),
    port=st.sampled_from((80, 81)),
    transport=st.sampled_from(("tcp", "udp")),
    tags=st.lists(
        dotted(most=3) | st.sampled_from(("", "A", "a..b", LONGEST)), max_size=3
    ).map(tuple),
    metadata=st.sampled_from(({}, {"v": "1"})),
    priority=st.sampled_from((1, 2)),
).filter(lambda service: not list(refusals(service, suffix=12)))

CHANGES = SERVICES | st.sampled_from(IDS).map(ServiceId)
STEPS = st.lists(CHANGES, max_size=10)

QUESTIONS = [
    (name, kind)
    for name in ("a.service.consul", "_a._udp.dc1.consul", "b.a.service.consul")
    for kind in ("A", "AAAA", "SRV")
] + [
    ("0a000001.addr.consul", "A"),
    ("1.0.0.10.in-addr.arpa", "PTR"),
    ("foo.node.consul", "A"),
]


def spellings(service: Service) -> Iterator[str]:
    """List all names of a service, as docs/backends/dns.md has them."""
    name = service.name.lower()
    for tag in ("", *service.tags):
        labels = [*tag.lower().split(".")] * bool(tag) + name.split(".")
        if "" in labels or [it[0] for it in labels[-2:]] == ["_", "_"]:
            continue
        yield ".".join([*labels, "service"])
        if len(labels) > 2 or max(map(len, labels)) > 62:
            continue
        *tags, base = labels
        protos = {*tags} if tags else {"tcp"}
        if service.transport == "udp" and not tags:
            protos.add("udp")
        # The tag tcp alone makes no _tcp: that has no filter.
        for proto in protos - ({"tcp"} if tags else set()):
            yield f"_{base}._{proto}"
            yield f"_{base}._{proto}.service"


def between(service: Service) -> Iterator[str]:
    """List the names a tag that is called tcp makes, though nothing is at them."""
    for spelling in spellings(service):
        labels = spelling.split(".")
        if labels[0] == "tcp" and len(labels) == 3 and len(labels[1]) < 63:
            yield from ("_tcp", "_tcp.service")


def described(services: Iterable[Service]) -> Names:
    """Describe the whole zone, name by name."""
    zone: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    best: dict[tuple[str, str], int] = {}
    pointers: dict[str, list[str]] = defaultdict(list)
    for word in ("service", "node", "addr", "query"):
        zone[f"{word}.dc1.consul"] = zone[f"{word}.consul"] = {}
    zone["ns.consul"] = {"A": {"127.0.0.1"}, "AAAA": {"::1"}}
    zone["foo.node.consul"]["A"] = zone["foo.node.dc1.consul"]["A"] = {str(HOST)}
    pointers[HOST.reverse_pointer].append("")
    for service in services:
        address = ip_address(service.address)
        kind = "A" if address.version == 4 else "AAAA"
        target = f"{address.packed.hex()}.addr.dc1.consul."
        target = "foo.node.dc1.consul." if address == HOST else target
        pointers[address.reverse_pointer].append(service.name.lower())
        texts = [f"{key}={value}" for key, value in service.metadata.items()]
        texts += [f"tags={','.join(service.tags)}"] if service.tags else []
        text = " ".join(f'"{it}"' for it in texts) or '""'
        for spelling in spellings(service):
            for name in (f"{spelling}.consul", f"{spelling}.dc1.consul"):
                zone[name][kind].add(str(address))
                zone[name]["TXT"].add(text)
                place = (name, f"1 {service.port} {target}")
                best[place] = min(service.priority, best.get(place, 9))
        for spelling in between(service):
            zone[f"{spelling}.consul"], zone[f"{spelling}.dc1.consul"]
    for (name, rest), priority in best.items():
        zone[name]["SRV"].add(f"{priority} {rest}")
    for name, targets in pointers.items():
        first = min(targets, key=lambda it: it.split("."))
        target = f"{first}.service" if first else "foo.node"
        zone[name]["PTR"] = {f"{target}.dc1.consul."}
    return zone


def seen(zone: Zone, name: str, kind: str) -> tuple[str, set[str]]:
    rdtype = dns.rdatatype.from_text(kind)
    asked = Query(tuple(name.encode().split(b".")), rdtype, wire.IN, 0, None)
    verdict = Authority(zone, (b"consul",), 0).judge(asked)
    rdatas = verdict.rrset.rdatas if verdict.rrset else ()
    texts = {str(dns.rdata.from_wire("IN", rdtype, it, 0, len(it))) for it in rdatas}
    return dns.rcode.to_text(dns.rcode.Rcode(verdict.rcode)), texts


def expected(zone: Names, name: str, kind: str) -> tuple[str, set[str]]:
    below = any(other == name or other.endswith(f".{name}") for other in zone)
    return ("NOERROR" if below else "NXDOMAIN"), zone.get(name, {}).get(kind, set())


def neighbours(zone: Names) -> set[str]:
    """List the names of the zone, those above them, and some that are not there."""
    names = {*zone, "nope.consul", "_a.consul", "_nope._tcp.consul", "dc2.consul"}
    for name in tuple(names):
        names.add(f"x.{name}")
        labels = name.split(".")
        names |= {".".join(labels[at:]) for at in range(1, len(labels))}
    return {name for name in names if name.endswith("consul") or name in zone}


@given(STEPS)
def test_any_sequence_of_changes_shows_what_the_last_table_says(
    steps: list[Service | ServiceId],
) -> None:
    zone = Zone(FOO)
    table: dict[str, Service] = {}
    for step in steps:
        if isinstance(step, Service):
            zone.put(step)
            table[step.id] = step
        else:
            zone.drop(step)
            table.pop(step, None)

    description = described(table.values())
    for name in neighbours(description):
        for kind in KINDS:
            wanted = expected(description, name, kind)
            assert (name, kind, seen(zone, name, kind)) == (name, kind, wanted)


@given(st.lists(SERVICES, max_size=6))
def test_what_was_all_dropped_leaves_no_trace(services: list[Service]) -> None:
    zone = Zone(FOO)
    for service in services:
        zone.put(service)
    for service in services:
        zone.drop(service.id)

    nothing = described(())
    for name in neighbours(described(services)):
        if name.endswith("consul"):
            assert (name, seen(zone, name, "A")) == (name, expected(nothing, name, "A"))


@settings(max_examples=50)
@given(st.lists(st.sampled_from(QUESTIONS) | CHANGES, max_size=12))
def test_whatever_is_kept_meanwhile_is_not_kept_for_too_long(
    steps: list[tuple[str, str] | Service | ServiceId],
) -> None:
    answers = responder()
    table: dict[str, Service] = {}
    for step in steps:
        if isinstance(step, Service):
            answers.put(step)
            table[step.id] = step
        elif isinstance(step, str):
            answers.drop(ServiceId(step))
            table.pop(step, None)
        else:
            ask(answers, *step)

    rebuilt = responder(*table.values())
    for question in QUESTIONS:
        now, anew = ask(answers, *question), ask(rebuilt, *question)
        assert now.rcode() == anew.rcode()
        assert shown(now.answer) == shown(anew.answer)
        assert shown(now.additional) == shown(anew.additional)
