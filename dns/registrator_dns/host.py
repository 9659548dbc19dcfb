"""This host, as the names of DNS call it."""

from collections.abc import Iterator, Sequence

from registrator_dns import names
from registrator_dns.names import MAX_NAME, Endpoint, Labels
from registrator_dns.options import Options
from registrator_dns.places import NODE
from registrator_dns.records import Host


def host_problems(node: str, address: str, options: Options) -> Iterator[str]:
    """Yield why a host cannot be shown under this name, at this address."""
    try:
        labels = names.parse(node)
    except ValueError:
        yield f"dns: node name {node!r} does not split into labels"
    else:
        if len(names.wire((*labels, NODE))) + options.suffix > MAX_NAME:
            yield f"dns: node name {node!r} is too long for a name"
    try:
        if address:
            names.packed(address)
    except (OSError, ValueError):
        yield f"dns: node address {address!r} is not an IP address"


def read_host(node: str, address: str, options: Options) -> Host:
    """Read a host with which there is no problem."""
    labels: Labels = names.parse(node)
    packed = names.packed(address) if address else b""
    return Host(
        node=labels,
        dc=options.dc,
        address=packed,
        nameservers=_nameservers(options.listen, packed),
    )


def _nameservers(listen: Sequence[Endpoint], address: bytes) -> tuple[bytes, ...]:
    """List where queries can be sent: behind a wildcard is the host's own address."""
    servers = []
    for each, _ in listen:
        server = names.packed(each)
        if any(server):
            servers.append(server)
        elif len(server) == len(address):
            servers.append(address)
    return tuple(dict.fromkeys(servers))
