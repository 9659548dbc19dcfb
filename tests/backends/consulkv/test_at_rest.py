"""Full rounds while nothing changes, and what happens after several of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from consul_keys import Key, begin, change, end, keys, remove, sessions, write
from contract.stores import agree
from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Site
from registrator.errors import Unavailable
from registrator.model import Service
from registrator_backends.consulkv import ConsulKvBackend
from samples import web
from tcp_proxy import TcpProxy
from waiting import eventually

pytestmark = pytest.mark.needs_consul

MANY = [web(f"here:web.{n}:80", port=n) for n in range(1, 301)]
HERE = MANY[:150]

KEY = "services/web/here:web.7:80"
MARK = "registrator/here/services%252F/here:web.7:80"
ABSENT = "GET /v1/kv/registrator/here/services%252F/?consistent"

Change = Callable[[ConsulAgent], object]


async def rest(backend: ConsulKvBackend, *services: Service) -> None:
    """Have the store agree, and find it so in several rounds."""
    for _ in range(4):
        assert await agree(backend, *services) == {}


async def asked(backend: ConsulKvBackend, proxy: Proxy, *services: Service) -> int:
    """How many requests a round takes."""
    proxy.requests.clear()
    await agree(backend, *services)
    return len(proxy.requests)


def shown(agent: ConsulAgent) -> dict[str, tuple[bytes, int, str]]:
    """What is held, but for when it was written."""
    return {
        key: (each.value, each.flags, each.session) for key, each in keys(agent).items()
    }


async def test_a_round_at_rest_asks_no_more_for_many_services_than_for_few(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    spent = []
    for services in (MANY[:3], MANY[:50], MANY[:64], MANY[:65], MANY):
        await rest(watched, *services)
        spent.append(await asked(watched, proxy, *services))

    assert spent == [2] * 5


async def test_a_round_at_rest_with_cleanup_reads_no_names(
    consul: ConsulAgent, proxy: Proxy
) -> None:
    site = Site(node="here", cleanup=True)
    async with ConsulKvBackend.from_uri(uri(proxy.port), site) as backend:
        await rest(backend, *MANY[:3])
        assert await asked(backend, proxy, *MANY[:3]) == 2
        left = "services/web/here:old:80"
        write(consul, left, b"10.0.0.1:1")
        write(consul, "services/web/here:web.1:81", b"10.0.0.1:1")

        await agree(backend, *MANY[:3])

        assert left not in keys(consul)
        await rest(backend, *MANY[:3])
        assert await asked(backend, proxy, *MANY[:3]) == 2


async def test_a_round_while_others_write_takes_one_request_more_than_it_must(
    consul: ConsulAgent, watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await rest(watched, *HERE)
    for number in range(3):
        write(consul, "elsewhere", b"%d" % number)

        assert await asked(watched, proxy, *HERE) == 2 + 3


async def test_rounds_at_rest_change_nothing(
    consul: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await agree(backend, *HERE)
    before = keys(consul)
    await rest(backend, *HERE)

    assert keys(consul) == before


def written_by_hand(agent: ConsulAgent) -> None:
    write(agent, KEY, b"other", keys(agent)[KEY].flags)


def written_in_the_index(agent: ConsulAgent) -> None:
    write(agent, MARK.replace("%25", "%"), b"services/web/here:web.7:81")


CHANGES: dict[str, Change] = {
    "value written": written_by_hand,
    "mark taken": lambda agent: write(agent, KEY, b"other"),
    "key removed": lambda agent: remove(agent, KEY),
    "index's entry removed": lambda agent: remove(agent, MARK.replace("%25", "%")),
    "index's entry written": written_in_the_index,
    "all keys removed": lambda agent: change(agent, "delete-tree", "services/"),
    "everything removed": lambda agent: change(agent, "delete-tree", ""),
    "session taken": lambda agent: change(
        agent, "unlock", KEY, Session=keys(agent)[KEY].session, Value="", Flags=0
    ),
}


@pytest.mark.parametrize("done", CHANGES.values(), ids=CHANGES)
async def test_what_somebody_changes_at_rest_is_put_right_by_the_next_round(
    consul: ConsulAgent, backend: ConsulKvBackend, done: Change
) -> None:
    await rest(backend, *HERE)
    before = shown(consul)
    done(consul)
    assert shown(consul) != before

    await agree(backend, *HERE)

    assert shown(consul) == before


async def test_what_a_stranger_adds_at_rest_is_left_alone(
    consul: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await rest(backend, *HERE)
    session = begin(consul, "stranger")
    change(consul, "lock", "services/web/there", Session=session, Value="", Flags=3)
    write(consul, "registrator/here/services%2F/there", b"no service")
    before = keys(consul)

    await rest(backend, *HERE)

    assert keys(consul) == before
    end(consul, session)


async def test_an_entry_that_somebody_adds_to_our_index_at_rest_is_removed(
    consul: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await rest(backend, *HERE)
    before = shown(consul)
    added = "services/web/here:added:80"
    write(consul, "registrator/here/services%2F/here:added:80", added.encode())
    write(consul, added, b"10.0.0.1:1", keys(consul)[KEY].flags)

    await agree(backend, *HERE)

    assert shown(consul) == before


async def test_a_session_that_ends_at_rest_leaves_nothing_known(
    consul: ConsulAgent, backend: ConsulKvBackend
) -> None:
    await rest(backend, *HERE)
    before = shown(consul).keys()
    session = keys(consul)[KEY].session
    end(consul, session)
    assert not keys(consul)
    with suppress(Unavailable):
        await backend.refresh({})

    await agree(backend, *HERE)

    assert shown(consul).keys() == before
    assert keys(consul)[KEY].session in sessions(consul) - {session}


def uri(port: int) -> str:
    return f"consulkv://127.0.0.1:{port}/services"


@pytest.fixture
async def between(consul: ConsulAgent) -> AsyncIterator[TcpProxy]:
    """A network between a running agent and who asks it."""
    with TcpProxy(consul.port) as opened:
        yield opened


async def at_last(backend: ConsulKvBackend, *services: Service) -> None:
    """Have the store agree, as soon as it answers."""

    async def agrees() -> bool:
        with suppress(Unavailable):
            if await agree(backend, *services) == {}:
                await backend.refresh({})
                return True
        return False

    condition: Callable[[], bool | Awaitable[bool]] = agrees
    await eventually(condition, "the store agrees")


async def test_what_changes_while_the_line_is_cut_is_found(
    consul: ConsulAgent, between: TcpProxy
) -> None:
    async with ConsulKvBackend.from_uri(
        uri(between.port), Site(node="here")
    ) as backend:
        await rest(backend, *HERE)
        before = shown(consul)
        between.refuse()
        remove(consul, KEY)
        between.listen()

        await at_last(backend, *HERE)

        assert shown(consul) == before


@pytest.mark.parametrize("ttl", [60.0, 0.0])
async def test_an_agent_that_lost_everything_at_rest_gets_everything_again(
    start_consul: StartConsul, ttl: float
) -> None:
    agent = start_consul({})
    site = Site(node="here", ttl=ttl)
    async with ConsulKvBackend.from_uri(uri(agent.port), site) as backend:
        await rest(backend, *HERE)
        before = shown(agent).keys()
        with agent.outage():
            agent.forget()

        await at_last(backend, *HERE)

        assert shown(agent).keys() == before


@pytest.mark.parametrize("ttl", [60.0, 0.0])
async def test_another_store_that_has_just_counted_as_far_is_told_apart(
    consul: ConsulAgent, proxy: Proxy, ttl: float
) -> None:
    site = Site(node="here", ttl=ttl)
    async with ConsulKvBackend.from_uri(uri(proxy.port), site) as backend:
        await rest(backend, *HERE)
        before = shown(consul)
        index = await at_index(backend)
        change(consul, "delete-tree", "")
        head = f"HTTP/1.1 404 -\r\nX-Consul-Index: {index}\r\nContent-Length: 0\r\n"
        proxy.say(ABSENT, f"{head}Connection: close\r\n\r\n".encode())

        await agree(backend, *HERE)

        assert shown(consul).keys() == before.keys()


async def at_index(backend: ConsulKvBackend) -> int | None:
    return await backend._client.index("registrator/here/services%2F/")  # noqa: SLF001  as the backend asks


async def test_an_index_that_goes_back_has_everything_read(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await rest(watched, *HERE)
    head = "HTTP/1.1 404 -\r\nX-Consul-Index: 3\r\nContent-Length: 0\r\n"
    proxy.say(ABSENT, f"{head}Connection: close\r\n\r\n".encode())

    assert await asked(watched, proxy, *HERE) == 2 + 3


async def test_a_key_that_should_be_absent_costs_only_the_rest(
    consul: ConsulAgent, watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await rest(watched, *HERE)
    write(consul, "registrator/here/services%2F/", b"")
    await rest(watched, *HERE)

    assert await asked(watched, proxy, *HERE) == 2 + 3


async def test_a_record_that_is_not_as_it_should_be_is_read_each_time(
    consul: ConsulAgent, watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await rest(watched, *HERE)
    before: dict[str, Key] = keys(consul)
    session = begin(consul, "stranger")
    remove(consul, KEY)
    change(consul, "lock", KEY, Session=session, Value="", Flags=3)
    for _ in range(4):
        assert list(await agree(watched, *HERE)) == ["here:web.7:80"]
    end(consul, session)
    consul.put(f"/v1/kv/{KEY}?release={session}")
    remove(consul, KEY)

    await agree(watched, *HERE)

    assert keys(consul).keys() == before.keys()
