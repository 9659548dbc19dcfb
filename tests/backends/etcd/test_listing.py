"""Much under one prefix: read in answers of bounded size, at one revision."""

from collections.abc import AsyncIterator

import pytest

from etcds import at
from fixtures.etcd import EtcdServer
from proxy import Proxy
from registrator.http_client import TooLong
from registrator_backends.etcd.client import EtcdClient
from registrator_backends.etcd.listing import listing, values
from registrator_backends.etcd.uri import read_address

pytestmark = pytest.mark.needs_etcd

LONGEST = 100_000
LARGE = {f"/services/s{number:02}": b"x" * 30_000 for number in range(10)}
KEYS = [key.encode() for key in LARGE]


@pytest.fixture
async def client(etcd: EtcdServer) -> AsyncIterator[EtcdClient]:
    """A client that reads no answer as long as three large values."""
    for key, value in LARGE.items():
        etcd.put(key, value)
    opened = EtcdClient(read_address(at(etcd), {}), longest=LONGEST)
    await opened.open()
    yield opened
    await opened.close()


async def test_large_values_are_listed_a_few_at_a_time(client: EtcdClient) -> None:
    found = await listing(client, b"/services/")

    assert {each.key.decode(): each.value for each in found.entries} == LARGE


async def test_large_values_are_read_a_few_at_a_time(client: EtcdClient) -> None:
    found = await values(client, KEYS)

    assert {each.key.decode(): each.value for each in found} == LARGE


@pytest.mark.parametrize("count", [0, 1, 64, 65, 1000])
async def test_so_many_keys_are_read_together(either: EtcdServer, count: int) -> None:
    some = [f"/services/k{number:04}" for number in range(count)]
    for key in some[::9]:
        either.put(key, key)
    async with Proxy(either.port) as proxy:
        client = EtcdClient(read_address(at(proxy), {}))
        await client.open()
        found = await values(client, [key.encode() for key in some])
        await client.close()

        assert [each.value.decode() for each in found] == some[::9]
        assert len(proxy.asked("kv/txn")) == min(1, count)


async def test_a_value_beyond_all_answers_is_told(
    client: EtcdClient, etcd: EtcdServer
) -> None:
    etcd.put("/services/s10", b"x" * LONGEST)

    with pytest.raises(TooLong):
        await listing(client, b"/services/")
    with pytest.raises(TooLong):
        await values(client, [*KEYS, b"/services/s10"])
