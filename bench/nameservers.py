"""The name servers that are compared, each showing the same zone on one processor."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import dns.exception
import dns.message
import dns.query

from bench.children import Responder
from bench.dns_zone import DOMAIN, INSTANCES, NAMES, instances, records
from fixtures.consul import ConsulAgent
from servers import Server, free_ports
from waiting import until

OURS: Final = "registrator"
CONSUL: Final = "Consul"
UNBOUND: Final = "unbound"
ECHO: Final = "C echo"

_ECHO_SOURCE = Path(__file__).with_name("dns_echo.c")
_OPERATIONS = 64  # Consul takes no more in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """One server that answers."""

    name: str
    port: int
    pid: int


@contextmanager
def all_of_them(home: Path, *, cpu: int) -> Iterator[Sequence[NameServer]]:
    """Have every server, filled and pinned to one processor."""
    starts = {
        OURS: _ours,
        UNBOUND: _unbound,
        "knot": _knot,
        "dnsmasq": _dnsmasq,
        CONSUL: _consul,
        ECHO: _echo,
    }
    with ExitStack() as opened:
        running = []
        for name, start in starts.items():
            directory = home / name
            directory.mkdir()
            pid, port = opened.enter_context(start(directory))
            running.append(NameServer(name=name, port=port, pid=pid))
        for each in running:
            if each.name != ECHO:
                until(partial(_is_right, each.port), f"{each.name} is right")
            pin(each.pid, cpu)
        yield running


def ask(port: int, name: str, kind: str) -> dns.message.Message | None:
    """Ask a server once; None where it does not answer yet."""
    asked = dns.message.make_query(f"{name}.service.{DOMAIN}", kind)
    try:
        return dns.query.udp(asked, "127.0.0.1", 1.0, port)
    except (OSError, dns.exception.DNSException):
        return None


def pin(pid: int, cpu: int) -> None:
    """Keep all threads of a process, and those they will start, on one processor."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {cpu})


def _is_right(port: int) -> bool:
    """Whether the last service has all its instances, as addresses and as SRV."""
    name = f"app{NAMES - 1:04}"
    answers = [ask(port, name, kind) for kind in ("A", "SRV")]
    return all(
        answer is not None and sum(map(len, answer.answer)) == INSTANCES
        for answer in answers
    )


@contextmanager
def _ours(directory: Path) -> Iterator[tuple[int, int]]:
    del directory
    [port] = free_ports(1)
    with Responder(port) as responder:
        responder.fill(NAMES, INSTANCES)
        yield responder.pid, port


@contextmanager
def _echo(directory: Path) -> Iterator[tuple[int, int]]:
    program = directory / "dns_echo"
    subprocess.run(["cc", "-O2", f"-o{program}", _ECHO_SOURCE], check=True)
    with _started(directory, str(program), "{port}") as place:
        yield place


@contextmanager
def _unbound(directory: Path) -> Iterator[tuple[int, int]]:
    settings = """server:
interface: 127.0.0.1
port: {port}
do-daemonize: no
use-syslog: no
username: ""
chroot: ""
pidfile: ""
directory: "%s"
num-threads: 1
local-zone: "%s." static
%s
remote-control:
control-enable: no
"""
    data = "\n".join(f'local-data: "{line}"' for line in records())
    text = settings % (directory, DOMAIN, data)
    with _started(directory, "unbound", "-c", "{settings}", settings=text) as place:
        yield place


@contextmanager
def _knot(directory: Path) -> Iterator[tuple[int, int]]:
    zone = directory / "zone"
    apex = f"{DOMAIN}. 0 IN"
    soa = f"{apex} SOA ns.{DOMAIN}. hostmaster.{DOMAIN}. 1 3600 600 86400 0"
    zone.write_text("\n".join([soa, f"{apex} NS ns.{DOMAIN}.", *records(), ""]))
    text = f"""server:
  rundir: {directory}
  listen: 127.0.0.1@{{port}}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {directory}
log:
  - target: stderr
    any: warning
zone:
  - domain: {DOMAIN}.
    file: {zone}
"""
    with _started(directory, "knotd", "-c", "{settings}", settings=text) as place:
        yield place


@contextmanager
def _dnsmasq(directory: Path) -> Iterator[tuple[int, int]]:
    hosts = directory / "hosts"
    hosts.write_text(
        "".join(f"{each.address} {each.target} {each.owner}\n" for each in instances())
    )
    text = "\n".join(
        [
            "keep-in-foreground",
            "port={port}",
            "listen-address=127.0.0.1",
            "bind-interfaces",
            "user=root",
            "pid-file",
            "no-resolv",
            "no-hosts",
            f"addn-hosts={hosts}",
            f"local=/{DOMAIN}/",
            *(
                f"srv-host={each.owner},{each.target},{each.port},1,1"
                for each in instances()
            ),
            "",
        ]
    )
    with _started(directory, "dnsmasq", "-C", "{settings}", settings=text) as place:
        yield place


@contextmanager
def _consul(directory: Path) -> Iterator[tuple[int, int]]:
    with ConsulAgent(directory, {}) as consul:
        for number in range(INSTANCES):
            node = {"Node": f"h{number}", "Address": f"192.0.2.{number + 1}"}
            consul.put("/v1/catalog/register", node)
        operations = [
            {
                "Service": {
                    "Verb": "set",
                    "Node": f"h{each.number}",
                    "Service": {
                        "ID": each.name,
                        "Service": each.name,
                        "Address": each.address,
                        "Port": each.port,
                    },
                }
            }
            for each in instances()
        ]
        for first in range(0, len(operations), _OPERATIONS):
            consul.put("/v1/txn", operations[first : first + _OPERATIONS])
        yield consul.pid, consul.dns_port


@contextmanager
def _started(
    directory: Path, *command: str, settings: str = ""
) -> Iterator[tuple[int, int]]:
    """Have a program run that knows its port; in its settings braces mean it."""
    [port] = free_ports(1)
    file = directory / "settings"
    file.write_text(settings.replace("{port}", str(port)))
    words = [
        word.replace("{port}", str(port)).replace("{settings}", str(file))
        for word in command
    ]
    with Server(words, directory, lambda: True) as running:
        yield running.pid, port
