import pytest

from registrator.backend import Site
from registrator.errors import ConfigError, Unavailable
from registrator.fitness import Health
from registrator.memory import MemoryBackend
from registrator.model import Service
from registrator.planner import Change
from registrator.watcher import opened
from samples import web

SITE = Site(node="here")
PUT: Change[Service] = Change(web().id, web(), None)


@pytest.mark.parametrize("uri", ["memory:", "memory://"])
def test_its_uri_has_no_options(uri: str) -> None:
    assert MemoryBackend.from_uri(uri, SITE).uri == "memory://"


@pytest.mark.parametrize("uri", ["memory://host", "memory:x", "memory://?a=b"])
def test_any_option_is_a_mistake(uri: str) -> None:
    with pytest.raises(ConfigError, match="neither address nor options"):
        MemoryBackend.from_uri(uri, SITE)


async def test_records_outlive_closing() -> None:
    async with MemoryBackend() as store:
        await store.put([PUT])

    async with store:
        assert await store.owned() == {web().id: web()}


async def test_what_it_gives_is_not_what_it_keeps() -> None:
    store = MemoryBackend()
    found = dict(await store.owned())

    found[web().id] = web()

    assert await store.owned() == {}


@pytest.mark.parametrize("health", list(Health))
def test_it_keeps_only_what_passes(health: Health) -> None:
    kept = MemoryBackend().record(web(health=health)) is not None

    assert kept == (health in {Health.NONE, Health.HEALTHY})


async def test_writes_are_counted() -> None:
    store = MemoryBackend()
    await store.put([PUT])
    await store.drop([PUT])
    await store.drop([PUT])

    assert store.writes == 2


async def test_an_outage_hits_every_call() -> None:
    store = MemoryBackend()
    store.outage = Unavailable("away")

    for call in (store.owned(), store.put([PUT]), store.drop([PUT])):
        with pytest.raises(Unavailable):
            await call

    assert store.records == {}


async def test_refreshing_is_nothing_here() -> None:
    store = MemoryBackend()

    await store.refresh({})

    assert store.refresh_every is None


async def test_an_outage_ends_a_watch_that_waits() -> None:
    store = MemoryBackend()
    async with opened(store) as stream:
        await anext(stream)
        store.outage = Unavailable("away")

        with pytest.raises(Unavailable, match="away"):
            await anext(stream)


async def test_a_watch_that_begins_in_an_outage_says_nothing_else() -> None:
    store = MemoryBackend()
    await store.put([PUT])
    store.outage = Unavailable("away")

    async with opened(store) as stream:
        with pytest.raises(Unavailable, match="away"):
            await anext(stream)
