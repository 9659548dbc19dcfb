"""An agent that is away, slow, broken or empty: which error, and what is left."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from fixtures.consul import ConsulAgent, StartConsul
from proxy import Proxy
from registrator.backend import Failures, Site
from registrator.check import Check
from registrator.errors import BackendError, Rejected, Unavailable
from registrator.fitness import Health
from registrator_backends.consul import ConsulBackend
from registrator_backends.consul.uri import read_address
from samples import drop, put, web

pytestmark = pytest.mark.needs_consul

HERE = Site(node="here")
TTL = Check(kind="ttl", ttl=30)
SERVICE = web(checks=(TTL,), health=Health.HEALTHY)

Step = Callable[[ConsulBackend], Awaitable[Failures | None]]


async def read(backend: ConsulBackend) -> None:
    await backend.owned()


async def beat(backend: ConsulBackend) -> None:
    await backend.refresh({SERVICE.id: backend.record(SERVICE)})


STEPS: dict[str, Step] = {
    "read": read,
    "put": lambda backend: put(backend, SERVICE),
    "drop": lambda backend: drop(backend, SERVICE.id),
    "beat": beat,
}
every_answered_step = pytest.mark.parametrize(
    "step", [STEPS["read"], STEPS["put"], STEPS["drop"]]
)
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


async def outcome(step: Step, backend: ConsulBackend) -> BackendError | None:
    """Do a step; the error that it raised, or gave back for the one service."""
    try:
        failures = await step(backend)
    except BackendError as error:
        return error
    return failures.get(SERVICE.id) if failures else None


@every_answered_step
@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (500, "No cluster leader", "500 No cluster leader"),
        (500, "", "500"),
        (503, "<html>\n<body>", "503 <html>"),
        (429, "slow down\x1b[2J", "429 slow down[2J"),
        (403, "ACL not found", "after a restart of Consul's servers"),
        (401, "", "check CONSUL_HTTP_AUTH"),
        (301, "", "301"),
    ],
)
async def test_an_answer_that_is_no_success_is_tried_again(
    watched: ConsulBackend,
    proxy: Proxy,
    step: Step,
    status: int,
    text: str,
    told: str,
) -> None:
    proxy.answer("/v1/agent", status, text)

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert told in str(error)


@pytest.mark.parametrize("status", [400, 413])
async def test_a_registration_that_is_found_fault_with_is_not_tried_again(
    watched: ConsulBackend, proxy: Proxy, status: int
) -> None:
    proxy.answer("register", status, "Invalid check: x")

    error = await outcome(STEPS["put"], watched)

    assert isinstance(error, Rejected)
    assert str(error) == f"Consul answers {status} Invalid check: x"


async def test_a_registration_that_fails_is_tried_again(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    proxy.answer("register", 500, "no space left on device")

    error = await outcome(STEPS["put"], watched)

    assert isinstance(error, Unavailable)
    assert str(error) == f"{watched.uri}: {SERVICE.id}: 500 no space left on device"


async def test_checks_that_vanish_after_a_registration_are_tried_again(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    proxy.answer("check/update", 500, 'Unknown check "x"')

    error = await outcome(STEPS["put"], watched)

    assert isinstance(error, Unavailable)
    assert "its checks are gone again" in str(error)


@pytest.mark.parametrize("step", [STEPS["read"], STEPS["drop"]])
async def test_fault_is_found_with_a_registration_alone(
    watched: ConsulBackend, proxy: Proxy, step: Step
) -> None:
    proxy.answer("/v1/agent", 400, "Client sent an HTTP request to an HTTPS server.")

    assert isinstance(await outcome(step, watched), Unavailable)


@every_step
async def test_an_agent_that_hangs_is_away(
    hurried: ConsulBackend, proxy: Proxy, step: Step
) -> None:
    proxy.hang("/v1/agent")

    error = await outcome(step, hurried)

    assert isinstance(error, Unavailable)
    assert str(error) == f"{hurried.uri}: no answer in 0.2 s"


@every_step
async def test_an_agent_that_refuses_connections_is_away(
    watched: ConsulBackend, proxy: Proxy, step: Step
) -> None:
    await proxy.refuse()

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert str(error).startswith(f"{watched.uri}: no connection: ")


@every_step
@pytest.mark.parametrize("octets", [0, 40])
async def test_an_answer_that_is_cut_in_its_head_is_no_answer(
    watched: ConsulBackend, proxy: Proxy, step: Step, octets: int
) -> None:
    await put(watched, SERVICE)
    proxy.cut("/v1/agent", octets)

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert str(error) == f"{watched.uri}: closed the connection without an answer"


@pytest.mark.parametrize("path", ["/v1/agent/services", "/v1/agent/checks"])
async def test_an_answer_that_is_cut_in_its_body_is_no_answer(
    watched: ConsulBackend, proxy: Proxy, path: str
) -> None:
    await put(watched, SERVICE)
    proxy.cut(path, -1)

    with pytest.raises(Unavailable, match="broke off in the middle of an answer"):
        await watched.owned()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer is not JSON"),
        ("<html>", "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        ("[]", "this is not a Consul agent"),
        ('{"web": null}', "this is not a Consul agent"),
        ('{"web": {"Meta": {"registrator-owner": "here"}}}', "service 'web' is not"),
    ],
)
async def test_an_answer_of_something_else_is_no_answer(
    watched: ConsulBackend, proxy: Proxy, text: str, told: str
) -> None:
    proxy.answer("GET /v1/agent/services", 200, text)

    with pytest.raises(Unavailable, match=told):
        await watched.owned()


async def test_something_that_does_not_speak_http_is_away(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    proxy.say("/v1/agent", b"220 smtp.example ESMTP\r\n")

    with pytest.raises(Unavailable, match="the answer is not HTTP"):
        await watched.owned()


@every_step
async def test_a_connection_that_is_reset_is_no_answer(
    watched: ConsulBackend, proxy: Proxy, step: Step
) -> None:
    proxy.reset("/v1/agent")

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert str(error) == f"{watched.uri}: Connection reset by peer"


@every_step
async def test_a_slow_agent_is_waited_for(
    watched: ConsulBackend, proxy: Proxy, step: Step
) -> None:
    await put(watched, SERVICE)
    proxy.delay("/v1/agent", 0.1)

    assert await outcome(step, watched) is None


async def test_the_rest_is_not_tried_while_the_agent_hangs(
    hurried: ConsulBackend, proxy: Proxy
) -> None:
    proxy.hang("/v1/agent")

    with pytest.raises(Unavailable, match="no answer"):
        await put(hurried, *(web(f"here:{n}:80") for n in range(100)))

    assert len(proxy.requests) <= 16


async def test_the_rest_is_not_tried_while_the_agent_refuses_everything(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    proxy.answer("/v1/agent", 500, "No cluster leader")

    with pytest.raises(Unavailable, match="No cluster leader"):
        await put(watched, *(web(f"here:{n}:80") for n in range(100)))

    assert len(proxy.requests) < 100


async def test_the_rest_is_tried_however_much_the_token_may_not_write(
    watched: ConsulBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    denied = [web(f"here:app{n:03}:80") for n in range(60)]
    proxy.answer("here%3Aapp", 403, "Permission denied")

    failures = await put(watched, *denied, SERVICE)

    assert failures.keys() == {each.id for each in denied}
    assert all(isinstance(error, Unavailable) for error in failures.values())
    assert list(consul.services()) == [SERVICE.id]


async def test_a_heartbeat_that_is_refused_is_told_and_tried_again(
    watched: ConsulBackend, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.answer("/v1/agent", 500, "No cluster leader")

    await beat(watched)
    await beat(watched)

    (told,) = [
        r.getMessage() for r in caplog.records if "will expire" in r.getMessage()
    ]
    assert "500 No cluster leader; its checks will expire" in told
    assert len(proxy.requests) == 2


async def test_one_service_that_fails_does_not_stop_the_others(
    watched: ConsulBackend, proxy: Proxy, consul: ConsulAgent
) -> None:
    services = [web(f"here:{n}:80") for n in range(40)]
    proxy.answer("here%3A7%3A80", 500, "strange")

    failures = await put(watched, *services)

    assert [str(error) for error in failures.values()] == [
        f"{watched.uri}: here:7:80: 500 strange"
    ]
    assert len(consul.services()) == 39


async def test_a_put_that_was_cancelled_leaves_the_backend_usable(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    broken_off = [web(f"here:{n}:80") for n in range(40)]
    proxy.hang("register")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await put(watched, *broken_off)
    proxy.heal()

    failures = await put(watched, SERVICE)

    assert failures == {}
    # Some of those that were broken off may still have arrived, and nothing else.
    may_be = {each.id: watched.record(each) for each in (*broken_off, SERVICE)}
    found = await watched.owned()
    assert SERVICE.id in found
    assert all(may_be.get(key) == record for key, record in found.items())


async def test_an_agent_that_was_away_is_spoken_to_again(
    watched: ConsulBackend, proxy: Proxy
) -> None:
    await put(watched, SERVICE)
    await proxy.refuse()
    assert await outcome(read, watched) is not None

    await proxy.listen()

    assert await watched.owned() == {SERVICE.id: watched.record(SERVICE)}


async def test_a_killed_agent_comes_back_with_everything(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    async with ConsulBackend.from_uri(agent.uri, HERE) as backend:
        await put(backend, replace(SERVICE, health=Health.STARTING))
        await put(backend, SERVICE)
        before = await backend.owned()

        with agent.outage():
            away = await outcome(read, backend)

        assert isinstance(away, Unavailable)
        assert await backend.owned() == before
        assert agent.checks()["health:here:web.1:80"]["Status"] == "passing"


async def test_an_emptied_agent_holds_nothing_and_takes_everything_again(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    async with ConsulBackend.from_uri(agent.uri, HERE) as backend:
        await put(backend, SERVICE)
        with agent.outage():
            agent.forget()
        assert await backend.owned() == {}

        failures = await put(backend, SERVICE)

        assert failures == {}
        assert await backend.owned() == {SERVICE.id: backend.record(SERVICE)}


async def test_a_stopped_agent_is_away_until_it_goes_on(
    start_consul: StartConsul,
) -> None:
    agent = start_consul({})
    hurried = ConsulBackend(read_address(agent.uri, {}), HERE, deadline=0.2)
    async with hurried, ConsulBackend.from_uri(agent.uri, HERE) as patient:
        with agent.hanging():
            away = [await outcome(step, hurried) for step in STEPS.values()]

        assert all(isinstance(error, Unavailable) for error in away)
        assert await outcome(STEPS["put"], patient) is None
