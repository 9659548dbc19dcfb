"""What the zone shows against a plain description of what it should show."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.rcode
import dns.rdata
import dns.rdatatype
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsroom import FOO, ask, responder, shown
from registrator.model import Instance
from registrator_dns import wire
from registrator_dns.authority import Authority
from registrator_dns.query import Query
from registrator_dns.refusals import refusals
from registrator_dns.zone import Zone

KINDS = ("A", "AAAA", "SRV", "TXT", "PTR", "CNAME")
HOST = "127.0.0.1"
KEYS = ("k1", "k2", "k3", "k4")
LABELS = ("a", "b", "_a", "udp", "tcp", "service")
LONGEST = "X" * 63
ADDRESSES = (HOST, "127.0.0.2", "10.0.0.1", "::1", "fd00::1", "N.example", "m.example")
SPELLED = {
    "1": "1",
    "A.b": "_41_2eb",
    "_services": "_services",
    "c.1": "c_2e1",
    "img": "img",
    "Img_1f": "_49mg_5f1f",
}
IDS = ("1", "A.b", "_services")
DCS = ("", ".dc1")
SUFFIXES = ("", ".dc1", ".service", ".service.dc1")
STARS = (
    *(
        "*.service",
        "*.a.service",
        "a.*.service",
        "*._a._tcp",
        "*._a._udp",
    ),
    *("*.node", "*.node.*", "*.lan.node", "*.dev", "c_2e1.*.dev", "a.service.*"),
)


def dotted(*, most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(LABELS), min_size=1, max_size=most).map(".".join)


INSTANCES = st.builds(
    Instance,
    id=st.sampled_from(IDS),
    name=dotted(most=2) | st.sampled_from((LONGEST, "dns-sd")),
    address=st.sampled_from(ADDRESSES),
    port=st.sampled_from((80, 81, 0)),
    transport=st.sampled_from(("tcp", "udp", "sctp")),
    tags=st.lists(
        dotted(most=3) | st.sampled_from(("", "A", "a..b", LONGEST)), max_size=3
    ).map(tuple),
    metadata=st.sampled_from(({}, {"v": "1"})),
    priority=st.sampled_from((1, 2)),
    node=st.sampled_from(("foo", "Bar.lan", "a..b", "")),
    node_address=st.sampled_from(("", "n.lan", "127.0.0.2", "fd00::1")),
    container=st.sampled_from(("", "c.1")),
    image=st.sampled_from(("", "img", "Img_1f")),
).filter(lambda instance: not list(refusals(instance, suffix=12)))

CHANGES = st.tuples(st.sampled_from(KEYS), INSTANCES | st.none())
STEPS = st.lists(CHANGES, max_size=10)

QUESTIONS = [
    (name, kind)
    for name in (
        *("a.service.consul", "_a._udp.dc1.consul", "b.a.service.consul"),
        *("_41_2eb._a._tcp.consul", "*.service.consul", "img.dev.consul"),
    )
    for kind in ("A", "AAAA", "SRV")
] + [
    ("0a000001.addr.consul", "A"),
    ("1.0.0.10.in-addr.arpa", "PTR"),
    ("2.0.0.127.in-addr.arpa", "PTR"),
    ("foo.node.consul", "A"),
    ("bar.lan.node.consul", "A"),
    ("_a._tcp.consul", "PTR"),
    ("_a._udp.consul", "PTR"),
    ("_services._dns-sd._udp.consul", "PTR"),
]


@dataclass
class Described:
    """The whole zone, name by name."""

    instances: dict[str, list[Instance]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """What is at each name."""
    nodes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The addresses of each name of a node."""
    pointers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    empty: set[str] = field(default_factory=set)
    """Names with nothing, or with what is always there."""

    def names(self) -> set[str]:
        return {*self.instances, *self.nodes, *self.pointers, *self.empty}


def described(instances: Collection[Instance]) -> Described:
    zone = Described()
    words = ("service", "node", "addr", "query", "_udp", "_udp.service")
    zone.empty |= {f"{word}{dc}.consul" for word in words for dc in DCS}
    zone.nodes["ns.consul"] = {"127.0.0.1", "::1"}
    for dc in DCS:
        zone.nodes[f"foo.node{dc}.consul"].add(HOST)
    for suffix in SUFFIXES:
        zone.pointers[f"_services._dns-sd._udp{suffix}.consul"] = set()
        for pointer in ("b", "lb"):
            pointed = f"{suffix}.consul.".removeprefix(".")
            zone.pointers[f"{pointer}._dns-sd._udp{suffix}.consul"] = {pointed}
    for instance in instances:
        describe(instance, zone)
    for name, pointed_to in reverses(instances).items():
        zone.pointers[name] = {f"{pointed_to}.dc1.consul."}
    return zone


def describe(instance: Instance, zone: Described) -> None:
    for dc in DCS:
        for spelling in spellings(instance):
            zone.instances[f"{spelling}{dc}.consul"].append(instance)
        zone.empty |= {f"{empty}{dc}.consul" for empty in between(instance)}
        if node := node_of(instance):
            zone.nodes[f"{node}{dc}.consul"].add(instance.node_address)
    type_, label = browsed(instance)
    for suffix in SUFFIXES if type_ else ():
        name = f"{type_}{suffix}.consul"
        zone.pointers[name].add(f"{label}.{name}.")
        zone.pointers[f"_services._dns-sd._udp{suffix}.consul"].add(f"{name}.")
        zone.instances[f"{label}.{name}"].append(instance)


def reverses(instances: Iterable[Instance]) -> Mapping[str, str]:
    """Say what each address points to: a node, else a service, the first by name."""
    every: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for instance in instances:
        if node := node_of(instance):
            every[reverse(instance.node_address)].append(("node", node.split(".")))
        if is_address(instance.address):
            name = [*instance.name.lower().split("."), "service"]
            every[reverse(instance.address)].append(("service", name))
    found = {address: ".".join(min(names)[1]) for address, names in every.items()}
    return {**found, reverse(HOST): "foo.node"}


def spellings(instance: Instance) -> Iterator[str]:
    """List all names of an instance but for browsers, as the documentation has them."""
    name = instance.name.lower()
    found = set()
    for tag in ("", *instance.tags):
        labels = [*tag.lower().split(".")] * bool(tag) + name.split(".")
        if "" in labels or [it[0] for it in labels[-2:]] == ["_", "_"]:
            continue
        found.add(".".join([*labels, "service"]))
        if len(labels) > 2 or max(map(len, labels)) > 62:
            continue
        *tags, base = labels
        protos = {*tags} if tags else {"tcp"}
        if instance.transport == "udp" and not tags:
            protos.add("udp")
        # The tag tcp alone makes no _tcp: that has no filter.
        for proto in protos - ({"tcp"} if tags else set()):
            found |= {f"_{base}._{proto}", f"_{base}._{proto}.service"}
    if instance.container and instance.image:
        image = f"{SPELLED[instance.image]}.dev"
        found |= {f"{SPELLED[instance.container]}.{image}", image, "dev"}
    yield from found


def between(instance: Instance) -> Iterator[str]:
    """List the names a tag that is called tcp makes, though nothing is at them."""
    for spelling in spellings(instance):
        labels = spelling.split(".")
        if labels[0] == "tcp" and len(labels) == 3 and len(labels[1]) < 63:
            yield from ("_tcp", "_tcp.service")


def browsed(instance: Instance) -> tuple[str, str]:
    """Name the type of an instance, if it has one, and the instance."""
    name = instance.name.lower()
    proto = "_tcp" if instance.transport == "tcp" else "_udp"
    if "." in name or len(name) > 62 or (name, proto) == ("dns-sd", "_udp"):
        return "", ""
    return f"_{name}.{proto}", SPELLED[instance.id]


def node_of(instance: Instance) -> str:
    is_known = is_address(instance.node_address) and instance.node in {"foo", "Bar.lan"}
    return f"{instance.node.lower()}.node" if is_known else ""


def is_address(text: str) -> bool:
    return bool(text) and not text[-1].isalpha()


def parsed(text: str) -> IPv4Address | IPv6Address:
    return ip_address(text)


def reverse(text: str) -> str:
    return parsed(text).reverse_pointer


def of_addresses(addresses: Iterable[str], kind: str) -> set[str]:
    version = {"A": 4, "AAAA": 6}.get(kind)
    return {
        dns.rdata.from_text("IN", kind, it).to_text()
        for it in addresses
        if parsed(it).version == version
    }


def of_instances(instances: Iterable[Instance], kind: str) -> set[str]:
    """Write the data that a name has because of its instances."""
    instances = list(instances)
    if kind == "TXT":
        return {text(instance) for instance in instances}
    if kind == "SRV":
        best: dict[str, int] = {}
        for instance in instances:
            place = f"1 {instance.port} {target(instance)}"
            if instance.port:
                best[place] = min(instance.priority, best.get(place, 9))
        return {f"{priority} {place}" for place, priority in best.items()}
    addresses = [it.address for it in instances if is_address(it.address)]
    if instances and not addresses:
        return {f"CNAME {min(it.address.lower() for it in instances)}."}
    return of_addresses(addresses, kind)


def text(instance: Instance) -> str:
    texts = [f"{key}={value}" for key, value in instance.metadata.items()]
    texts += [f"tags={','.join(instance.tags)}"] if instance.tags else []
    return " ".join(f'"{it}"' for it in texts) or '""'


def target(instance: Instance) -> str:
    if not is_address(instance.address):
        return f"{instance.address.lower()}."
    if instance.address == HOST:
        return "foo.node.dc1.consul."
    if instance.address == instance.node_address and (node := node_of(instance)):
        return f"{node}.dc1.consul."
    return f"{parsed(instance.address).packed.hex()}.addr.dc1.consul."


def expected(zone: Described, name: str) -> dict[str, tuple[str, set[str]]]:
    """Say what each type has, with the rcode."""
    # A * stands for what has a name, not for the words of the scheme.
    names = {*zone.instances, *zone.nodes} if "*" in name else zone.names()
    meant = [it for it in names if is_meant(it, name)]
    if not meant and not any(is_above(name, it) for it in names):
        return dict.fromkeys(KINDS, ("NXDOMAIN", set()))
    return {kind: ("NOERROR", of_names(zone, meant, kind)) for kind in KINDS}


def of_names(zone: Described, names: Iterable[str], kind: str) -> set[str]:
    pointers = {it for each in names for it in zone.pointers.get(each, ())}
    if kind == "PTR" and pointers:
        return pointers
    addresses = [it for each in names for it in zone.nodes.get(each, ())]
    if addresses:
        return of_addresses(addresses, kind)
    found = [it for each in names for it in zone.instances.get(each, ())]
    return of_instances(found, kind)


def is_meant(name: str, asked: str) -> bool:
    """Whether *asked* means *name*, a * in it any one label, or the data center."""
    if "*" not in asked:
        return name == asked
    if asked.endswith(".*.consul"):
        asked = f"{asked.removesuffix('.*.consul')}.dc1.consul"
    labels, pattern = name.split("."), asked.split(".")
    return len(labels) == len(pattern) and all(
        star in {"*", label} for label, star in zip(labels, pattern, strict=True)
    )


def is_above(asked: str, name: str) -> bool:
    """Whether what *asked* means is there because *name* is below."""
    above = name.split(".")[-asked.count(".") - 1 :]
    return name.endswith(".consul") and is_meant(".".join(above), asked)


def seen(zone: Zone, name: str, kind: str) -> tuple[str, set[str]]:
    asked = Query(
        tuple(name.encode().split(b".")), dns.rdatatype.from_text(kind), 1, 0, None
    )
    verdict = Authority(zone, [(b"consul",)], 0, 0).judge(asked)
    rrset = verdict.rrset
    texts = set()
    for rdata in rrset.rdatas if rrset else ():
        rdtype = dns.rdatatype.RdataType(rrset.kind if rrset else 0)
        written = dns.rdata.from_wire("IN", rdtype, rdata, 0, len(rdata)).to_text()
        texts.add(f"CNAME {written}" if rdtype == wire.CNAME else written)
    return dns.rcode.to_text(dns.rcode.Rcode(verdict.rcode)), texts


def neighbours(zone: Described) -> set[str]:
    """List the names of the zone, those above them, and some that are not there."""
    names = zone.names() | {
        "nope.consul",
        "_a.consul",
        "_nope._tcp.consul",
        "dc2.consul",
    }
    for name in tuple(names):
        names.add(f"x.{name}")
        labels = name.split(".")
        names |= {".".join(labels[at:]) for at in range(1, len(labels))}
    names |= {f"{star}.consul" for star in STARS}
    return {name for name in names if name.endswith("consul") or name in zone.pointers}


def table(steps: Iterable[tuple[str, Instance | None]]) -> Mapping[str, Instance]:
    last = dict(steps)
    return {key: instance for key, instance in last.items() if instance is not None}


def change(zone: Zone, key: str, instance: Instance | None) -> None:
    if instance is None:
        zone.drop(key)
    else:
        zone.put(key, instance)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_sequence_of_changes_shows_what_the_last_table_says(
    steps: list[tuple[str, Instance | None]],
) -> None:
    zone = Zone(FOO, short=(b"dev",))
    for step in steps:
        change(zone, *step)

    assert zone.instances == table(steps)
    description = described(table(steps).values())
    for name in neighbours(description):
        found = {kind: seen(zone, name, kind) for kind in KINDS}
        assert (name, found) == (name, expected(description, name))


@settings(deadline=None)
@given(STEPS)
def test_what_was_all_dropped_leaves_no_trace(
    steps: list[tuple[str, Instance | None]],
) -> None:
    zone = Zone(FOO, short=(b"dev",))
    for step in steps:
        change(zone, *step)
    for key in KEYS:
        zone.drop(key)

    nothing = described(())
    for name in neighbours(described(table(steps).values())):
        if name.endswith("consul"):
            wanted = expected(nothing, name)["A"]
            assert (name, seen(zone, name, "A")) == (name, wanted)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(QUESTIONS) | CHANGES, max_size=12))
def test_whatever_is_kept_meanwhile_is_not_kept_for_too_long(
    steps: list[tuple[str, Instance | str | None]],
) -> None:
    answers = responder(short=(b"dev",))
    table: dict[str, Instance] = {}
    for name, what in steps:
        if isinstance(what, Instance):
            answers.put(name, what)
            table[name] = what
        elif what is None:
            answers.drop(name)
            table.pop(name, None)
        else:
            ask(answers, name, what)

    rebuilt = responder(short=(b"dev",))
    for key, instance in table.items():
        rebuilt.put(key, instance)
    for question in QUESTIONS:
        now, anew = ask(answers, *question), ask(rebuilt, *question)
        assert now.rcode() == anew.rcode()
        assert shown(now.answer) == shown(anew.answer)
        assert shown(now.additional) == shown(anew.additional)
