"""What readers see of a tree that others have written to, on a real etcd."""

from collections.abc import Callable, Mapping

import pytest

from coredns_rules import CoreDns
from fixtures.etcd import EtcdServer
from registrator.backend import Reading, Site
from registrator.errors import Rejected
from registrator.model import Instance
from registrator.watcher import opened
from registrator_backends.skydns import SkydnsBackend
from samples import put, web

Make = Callable[..., SkydnsBackend]

pytestmark = pytest.mark.needs_etcd

PLACE = "/skydns/local/cluster"
SITE = Site(node="here")

OTHERS: Mapping[str, str] = {
    # gliderlabs/registrator and its fork
    "nginx/here:nginx.1:80": '{"host":"10.0.0.1","port":8000}',
    "nginx/here-nginx-2-80": '{"host":"10.0.0.1","port":8001}',
    # skydock: a container's name, its image, an environment
    "dev/redis/redis1": '{"host":"172.17.0.2","port":6379,"ttl":30}',
    # by hand, as SkyDNS's and CoreDNS's pages show it
    "db": '{"host":"db.example.com."}',
    "mail/mx1": '{"host":"10.0.0.25","priority":5,"mail":true}',
    "east/x1": '{"host":"10.0.0.31","port":80,"weight":20,"group":"g1"}',
    "east/x2": '{"host":"fd00::32","port":80,"priority":20,"text":"second"}',
    "dns/ns/ns1": '{"host":"10.0.0.53"}',
    # nothing that stands for a service
    "text/x": '{"text":"a text alone"}',
    "junk/x": "junk",
    "junk/y": '{"host":"10.0.0.1","port":"80"}',
    "junk//z": '{"host":"10.0.0.1"}',
}


@pytest.fixture
def others(etcd: EtcdServer) -> EtcdServer:
    for key, value in OTHERS.items():
        etcd.put(f"{PLACE}/{key}", value)
    return etcd


async def first(backend: SkydnsBackend, name: str = "") -> Reading:
    async with opened(backend, name) as readings:
        return await anext(readings)


def shown(reading: Reading) -> dict[str, Instance]:
    return {
        key.removeprefix(f"{PLACE}/"): each for key, each in reading.instances.items()
    }


async def test_what_anybody_wrote_is_read_and_junk_is_counted(
    backend: SkydnsBackend, others: EtcdServer
) -> None:
    reading = await first(backend)

    found = shown(reading)
    assert {key: (each.name, each.id) for key, each in found.items()} == {
        "nginx/here:nginx.1:80": ("nginx", "here:nginx.1:80"),
        "nginx/here-nginx-2-80": ("nginx", "here-nginx-2-80"),
        "dev/redis/redis1": ("redis.dev", "redis1"),
        "db": ("db", "db"),
        "mail/mx1": ("mail", "mx1"),
        "east/x1": ("east", "x1"),
        "east/x2": ("east", "x2"),
        "dns/ns/ns1": ("ns.dns", "ns1"),
    }
    assert (found["db"].address, found["db"].port) == ("db.example.com", 0)
    assert found["mail/mx1"].priority == 5
    assert (found["east/x1"].weight, found["east/x1"].metadata) == (20, {"group": "g1"})
    assert found["east/x2"].metadata == {"text": "second"}
    assert found["east/x2"].address == "fd00::32"
    assert reading.skipped == 4


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("nginx", {"here:nginx.1:80", "here-nginx-2-80"}),
        ("redis.dev", {"redis1"}),
        ("dev", {"redis1.redis"}),
        ("Dev", {"redis1.redis"}),
        ("db", {"db"}),
        ("east", {"x1", "x2"}),
        ("eas", set()),
        ("nobody", set()),
    ],
)
async def test_a_name_shows_what_dns_would_answer(
    backend: SkydnsBackend, others: EtcdServer, name: str, ids: set[str]
) -> None:
    reading = await first(backend, name)

    assert {each.id for each in reading.instances.values()} == ids
    assert {each.name for each in reading.instances.values()} <= {name}
    assert reading.skipped == 0


async def test_readers_and_dns_agree_on_addresses(
    backend: SkydnsBackend, others: EtcdServer, dns: CoreDns
) -> None:
    for name in ("nginx", "redis.dev", "dev", "east", "mail"):
        instances = (await first(backend, name)).instances.values()
        answered = dns.srv(f"{name}.cluster.local")

        assert sorted((each.address, each.port) for each in instances) == sorted(
            (each.address, each.port) for each in answered
        )


async def test_a_name_follows_what_changes_below_it_and_nothing_else(
    backend: SkydnsBackend, elsewhere: SkydnsBackend
) -> None:
    async with opened(backend, "web") as readings:
        assert (await anext(readings)).instances == {}
        await put(elsewhere, web("x", name="webshop"))
        await put(elsewhere, web("y", name="blue.web"), web("z"))
        ids = {each.id for each in (await anext(readings)).instances.values()}
        assert ids == {"y.blue", "z"}


async def test_the_own_key_of_a_name_is_hidden_by_what_comes_below_it(
    backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    etcd.put(f"{PLACE}/web", '{"host":"10.0.0.9"}')
    async with opened(backend, "web") as readings:
        assert set((await anext(readings)).instances) == {f"{PLACE}/web"}
        etcd.put(f"{PLACE}/web/x", '{"host":"10.0.0.8"}')
        assert set((await anext(readings)).instances) == {f"{PLACE}/web/x"}
        etcd.delete(f"{PLACE}/web/x")
        assert set((await anext(readings)).instances) == {f"{PLACE}/web"}


@pytest.mark.parametrize("name", ["a/b", "any", "*", "bücher", ".", "x" * 64])
async def test_what_dns_cannot_ask_for_cannot_be_watched(
    backend: SkydnsBackend, name: str
) -> None:
    with pytest.raises(Rejected):
        await first(backend, name)


async def test_another_domain_is_another_registry(
    make: Make, backend: SkydnsBackend, etcd: EtcdServer
) -> None:
    uri = f"coredns://127.0.0.1:{etcd.port}/local"
    await put(backend, web("x"))
    async with make() as same, SkydnsBackend.from_uri(uri, SITE) as parent:
        assert set(await same.owned()) == {"x"}
        assert await parent.owned() == {}
        (seen,) = (await first(parent)).instances.values()

    assert seen.name == "web.cluster"
