"""Every backend that must keep the contract: what it promises, where its store is.

A registry adds one row to `ROWS`, and with it runs everything in this folder:
writing (test_backend.py) and reading (test_reading.py). What a row does not say the
store is not held to; what it says is tested. So a row says all that is true.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from registrator.backend import Backend, Failures
from registrator.model import Service, ServiceId
from registrator.planner import plan

AnyBackend = Backend[Any]
Store = Callable[[str], AnyBackend]
"""Makes a backend for a node: a fresh one each time, as after a restart."""

WHOLE: Final = frozenset(
    {"transport", "tags", "metadata", "status", "priority", "weight", "node"}
)
"""The fields of an `Instance` that not every store carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One backend, and what is to be known of its store."""

    kind: str
    server: str = ""
    """The fixture that gives a real server, with ``start_`` before it one's own."""
    uri: str = "{server.uri}"
    """Where the store is; may speak of that server, and of a directory, `{tmp}`."""
    outlives: bool = False
    """Whether records stay when the daemon ends, and are shared with other hosts."""
    by_id: bool = True
    """Whether a record's place is its service's id, and readers get that back."""
    carries: frozenset[str] = frozenset()
    """Those fields of `WHOLE` that a reader gets back as they were written."""
    together: int = 1
    """So many services of one `put` a reader sees all at once, or not at all."""
    has_status: bool = False
    """Whether what is not passing can stay, with its status."""
    itself: str = ""
    """The name under which the registry's readers see the registry."""


ROWS: Final[Mapping[str, Row]] = {
    "memory": Row(
        kind="registrator.memory:MemoryBackend",
        uri="memory:",
        carries=WHOLE,
        together=200,
        has_status=True,
    ),
    "dns": Row(
        kind="registrator_dns.backend:DnsBackend",
        uri="dns://127.0.0.1:0",
        carries=WHOLE,
        together=32,
    ),
    "files": Row(
        kind="registrator_files:FilesBackend",  # a third party's: docs/backends
        uri="files://{tmp}?poll=0.02",
        outlives=True,
        carries=WHOLE,
    ),
    "consul": Row(
        kind="registrator_backends.consul:ConsulBackend",
        server="consul",
        outlives=True,
        carries=WHOLE - {"transport", "priority"},
        itself="consul",
        has_status=True,
    ),
    "consulkv": Row(
        kind="registrator_backends.consulkv:ConsulKvBackend",
        server="consul",
        uri="consulkv://127.0.0.1:{server.port}/services/here",
        outlives=True,
        together=16,
    ),
    "consulkv-json": Row(
        kind="registrator_backends.consulkv:ConsulKvBackend",
        server="consul",
        uri="consulkv://127.0.0.1:{server.port}?format=json",
        outlives=True,
        carries=WHOLE,
        together=16,
        has_status=True,
    ),
    "etcd": Row(
        kind="registrator_backends.etcd:EtcdBackend",
        server="etcd",
        outlives=True,
        together=64,
    ),
    "etcd-json": Row(
        kind="registrator_backends.etcd:EtcdBackend",
        server="etcd",
        uri="{server.uri}/services/here?format=json",
        outlives=True,
        carries=WHOLE,
        together=64,
        has_status=True,
    ),
    "skydns": Row(
        kind="registrator_backends.skydns:SkydnsBackend",
        server="etcd",
        uri="skydns2://127.0.0.1:{server.port}/cluster.local",
        outlives=True,
        carries=frozenset({"tags", "metadata", "status"}),
        together=64,
    ),
    "eureka": Row(
        kind="registrator_backends.eureka:EurekaBackend",
        server="eureka",
        uri="{server.uri}?poll=0.1",
        outlives=True,
        carries=WHOLE,
        has_status=True,
    ),
    "zookeeper": Row(
        kind="registrator_backends.zookeeper:ZooKeeperBackend",
        server="zookeeper",
        outlives=True,
        by_id=False,
        carries=frozenset({"transport", "tags", "metadata"}),
        together=50,
    ),
    "zookeeper-nerve": Row(
        kind="registrator_backends.zookeeper:ZooKeeperBackend",
        server="zookeeper",
        uri="{server.uri}/nerve/services?format=nerve",
        outlives=True,
        by_id=False,
        carries=frozenset({"metadata", "weight", "node"}),
    ),
    "zookeeper-serverset": Row(
        kind="registrator_backends.zookeeper:ZooKeeperBackend",
        server="zookeeper",
        uri="{server.uri}/aurora?format=serverset",
        outlives=True,
        by_id=False,
        has_status=True,
    ),
    "zookeeper-curator": Row(
        kind="registrator_backends.zookeeper:ZooKeeperBackend",
        server="zookeeper",
        uri="{server.uri}/services?format=curator",
        outlives=True,
        carries=frozenset({"metadata"}),
        together=50,
        has_status=True,
    ),
}


def parameters(chosen: Callable[[Row], object] = lambda _: True) -> list[Any]:
    """List the rows that are *chosen*, for `pytest.mark.parametrize`."""
    return [
        pytest.param(
            row,
            id=name,
            marks=getattr(pytest.mark, f"needs_{row.server}") if row.server else (),
        )
        for name, row in ROWS.items()
        if chosen(row)
    ]


keeping = pytest.mark.parametrize(
    "row", parameters(lambda row: row.has_status), indirect=True
)
by_id = pytest.mark.parametrize("row", parameters(lambda row: row.by_id), indirect=True)
outliving = pytest.mark.parametrize(
    "row", parameters(lambda row: row.outlives), indirect=True
)

claiming = pytest.mark.parametrize(
    "row", parameters(lambda row: row.outlives and row.by_id), indirect=True
)


def records(backend: AnyBackend, services: Iterable[Service]) -> dict[ServiceId, Any]:
    made = {service.id: backend.record(service) for service in services}
    return {key: record for key, record in made.items() if record is not None}


async def agree(backend: AnyBackend, *services: Service) -> Failures:
    """Do what the reconciler does in a full round."""
    steps = plan(records(backend, services), await backend.owned())
    return {**await backend.put(steps.puts), **await backend.drop(steps.drops)}
