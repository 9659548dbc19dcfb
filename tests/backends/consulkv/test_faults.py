"""An agent that is away, slow, broken, strange or empty: which error, what is left."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from consul_keys import keys
from contract.stores import agree, records
from fixtures.consul import StartConsul
from proxy import Proxy
from registrator.backend import Failures, Site
from registrator.errors import Unavailable
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.uri import read_kv_address
from samples import drop, put, web
from waiting import eventually

pytestmark = pytest.mark.needs_consul

HERE = Site(node="here")

Step = Callable[[ConsulKvBackend], Awaitable[Failures | None]]


async def read(backend: ConsulKvBackend) -> None:
    await backend.owned()


async def renew(backend: ConsulKvBackend) -> None:
    await backend.refresh({})


STEPS: dict[str, Step] = {
    "read": read,
    "put": lambda backend: put(backend, web(port=9)),
    "drop": lambda backend: drop(backend, web().id),
    "renew": renew,
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


async def away(step: Step, backend: ConsulKvBackend) -> str:
    """Do a step; what the error says that it raises."""
    with pytest.raises(Unavailable) as caught:
        await step(backend)
    return str(caught.value)


@every_step
@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (500, "No cluster leader", "500 No cluster leader"),
        (503, "<html>\n<body>", "503 <html>"),
        (429, "slow down\x1b[2J", "429 slow down[2J"),
        (403, "ACL not found", "after a restart of Consul's servers"),
        (401, "", "check CONSUL_HTTP_AUTH"),
        (301, "", "301"),
    ],
)
async def test_an_answer_that_is_no_success_is_tried_again(
    watched: ConsulKvBackend,
    proxy: Proxy,
    step: Step,
    status: int,
    text: str,
    told: str,
) -> None:
    await put(watched, web())
    proxy.answer("/v1/", status, text)

    assert told in await away(step, watched)


@every_step
async def test_an_agent_that_hangs_is_away(
    hurried: ConsulKvBackend, proxy: Proxy, step: Step
) -> None:
    async def has_written() -> bool:
        with suppress(Unavailable):
            return await put(hurried, web()) == {}
        return False

    condition: Callable[[], bool | Awaitable[bool]] = has_written
    await eventually(condition, "the agent is quick enough")
    proxy.hang("/v1/")

    assert await away(step, hurried) == f"{hurried.uri}: no answer in 0.2 s"


@every_step
async def test_an_agent_that_refuses_connections_is_away(
    watched: ConsulKvBackend, proxy: Proxy, step: Step
) -> None:
    await put(watched, web())
    await proxy.refuse()

    assert f"{watched.uri}: no connection: " in await away(step, watched)


@every_step
@pytest.mark.parametrize("octets", [0, 40])
async def test_an_answer_that_is_cut_is_no_answer(
    watched: ConsulKvBackend, proxy: Proxy, step: Step, octets: int
) -> None:
    await put(watched, web())
    proxy.cut("/v1/", octets)

    assert "closed the connection without an answer" in await away(step, watched)


@pytest.mark.parametrize("path", ["GET /v1/kv", "PUT /v1/txn"])
async def test_a_list_that_is_cut_is_never_taken_for_the_whole(
    watched: ConsulKvBackend, proxy: Proxy, path: str
) -> None:
    await put(watched, web())
    proxy.cut(path, -1)

    assert "broke off in the middle of an answer" in await away(read, watched)


@pytest.mark.parametrize("path", ["GET /v1/kv", "PUT /v1/txn"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer is not JSON"),
        ("<html>", "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        ('"web"', "this is not a Consul agent"),
        ("[1]", "this is not a Consul agent"),
        ('[{"Key": "x"}]', "this is not a Consul agent"),
        ('{"Results": [{}]}', "this is not a Consul agent"),
        ('{"Results": 7}', "this is not a Consul agent"),
    ],
)
async def test_an_answer_of_something_else_is_no_answer(
    watched: ConsulKvBackend, proxy: Proxy, path: str, text: str, told: str
) -> None:
    await put(watched, web())
    proxy.answer(path, 200, text)

    assert told in await away(read, watched)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"Errors": []}',
        '{"Errors": [{"OpIndex": "x", "What": "y"}]}',
        '{"Errors": [{"OpIndex": 9, "What": "y"}]}',
        '{"Errors": [7]}',
    ],
)
async def test_a_conflict_of_nothing_is_no_answer(
    watched: ConsulKvBackend, proxy: Proxy, text: str
) -> None:
    proxy.answer("PUT /v1/txn", 409, text)

    assert watched.uri in await away(STEPS["put"], watched)


@pytest.mark.parametrize("text", ["[]", "{}", '{"ID": 7}', '{"ID": ""}'])
async def test_a_session_without_a_name_is_none(
    watched: ConsulKvBackend, proxy: Proxy, text: str
) -> None:
    proxy.answer("/v1/session/create", 200, text)

    assert "not a Consul agent" in await away(STEPS["put"], watched)


async def test_a_write_whose_answer_got_lost_can_be_repeated(
    watched: ConsulKvBackend, proxy: Proxy
) -> None:
    await put(watched, web())
    proxy.cut("PUT /v1/txn", 0)
    await away(STEPS["put"], watched)
    proxy.heal()

    assert await put(watched, web(port=9)) == {}

    assert await watched.owned() == records(watched, [web(port=9)])


async def test_a_killed_agent_is_away_and_written_to_again(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    async with ConsulKvBackend.from_uri(keys_of(agent.uri), HERE) as backend:
        await put(backend, web())

        with agent.outage():
            assert "no connection" in await away(read, backend)

        # An agent of this kind keeps its keys in memory: now it is empty.
        assert await backend.owned() == {}
        with pytest.raises(Unavailable, match="the session ended"):
            await put(backend, web())
        assert await agree(backend, web()) == {}
        assert await backend.owned() == records(backend, [web()])


async def test_a_stopped_agent_is_away_until_it_goes_on(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    address = read_kv_address(keys_of(agent.uri), HERE)
    hurried = ConsulKvBackend(address, HERE, deadline=0.2)
    async with hurried, ConsulKvBackend(address, HERE) as patient:
        with agent.hanging():
            assert "no answer in 0.2 s" in await away(read, hurried)

        assert await agree(patient, web()) == {}


async def test_the_keys_of_a_dead_host_go_with_its_session(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    site = Site(node="here", ttl=10.0)
    async with ConsulKvBackend.from_uri(keys_of(agent.uri), site) as backend:
        await put(backend, web())
    assert keys(agent)

    await eventually(lambda: not keys(agent), "the session ends", deadline=60.0)


def keys_of(uri: str) -> str:
    return f"{uri.replace('consul', 'consulkv')}/services"
