"""Servers that are away, slow, broken or empty: which error, and what is left."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from certificates import Authority, Certificate
from proxy import Proxy
from registrator.backend import Failures, Site
from registrator.errors import BackendError, Rejected, Unavailable
from registrator.planner import plan
from registrator_backends.eureka import EurekaBackend
from registrator_backends.eureka.uri import read_address
from samples import drop, put, web
from standin_eureka import EurekaServer
from waiting import eventually

pytestmark = pytest.mark.needs_eureka

HERE = Site(node="here")
SERVICE = web()

Step = Callable[[EurekaBackend], Awaitable[Failures | None]]


async def read(backend: EurekaBackend) -> None:
    await backend.owned()


async def beat(backend: EurekaBackend) -> None:
    await backend.refresh({SERVICE.id: backend.record(SERVICE)})


async def watch(backend: EurekaBackend) -> None:
    await anext(backend.watch())


STEPS: dict[str, Step] = {
    "read": read,
    "put": lambda backend: put(backend, SERVICE),
    "drop": lambda backend: drop(backend, SERVICE.id),
    "beat": beat,
    "watch": watch,
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
every_answered_step = pytest.mark.parametrize(
    "step", [STEPS[name] for name in ("read", "put", "drop", "watch")]
)


async def outcome(step: Step, backend: EurekaBackend) -> BackendError | None:
    """Do a step; the error that it raised, or gave back for the one service."""
    try:
        failures = await step(backend)
    except BackendError as error:
        return error
    return failures.get(SERVICE.id) if failures else None


def ports(*servers: EurekaServer) -> str:
    return ",".join(f"127.0.0.1:{server.port}" for server in servers)


@pytest.fixture
async def spread(peers: list[EurekaServer]) -> AsyncIterator[EurekaBackend]:
    """A backend that knows three servers."""
    async with EurekaBackend.from_uri(f"eureka://{ports(*peers)}", HERE) as opened:
        yield opened


@every_answered_step
@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (500, "out of memory", "500 out of memory"),
        (503, "<html>\n<body>", "503 <html>"),
        (429, "slow down\x1b[2J", "429 slow down[2J"),
        (401, "", "401 ; check user and password"),
        (301, "", "301"),
    ],
)
async def test_an_answer_that_is_no_success_is_tried_again(
    watched: EurekaBackend,
    proxy: Proxy,
    step: Step,
    status: int,
    text: str,
    told: str,
) -> None:
    proxy.answer("/eureka", status, text)

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert told in str(error)


async def test_a_refusal_to_write_names_what_may_be_behind_it(
    watched: EurekaBackend, proxy: Proxy
) -> None:
    proxy.answer("POST /eureka", 403, "CSRF")

    error = await outcome(STEPS["put"], watched)

    assert isinstance(error, Unavailable)
    assert "protection against CSRF is off" in str(error)


@pytest.mark.parametrize("status", [400, 413, 415])
async def test_a_registration_that_is_found_fault_with_is_not_tried_again(
    watched: EurekaBackend, proxy: Proxy, status: int
) -> None:
    proxy.answer("POST", status, "Missing hostname")

    error = await outcome(STEPS["put"], watched)

    assert isinstance(error, Rejected)
    assert str(error) == f"Eureka answers {status} Missing hostname"


async def test_a_heartbeat_that_is_refused_is_told_once_and_its_lease_ends(
    watched: EurekaBackend, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    await put(watched, SERVICE)
    proxy.answer("PUT", 500, "busy")
    async with EurekaBackend.from_uri(f"eureka://127.0.0.1:{proxy.port}", HERE) as it:
        for _ in range(3):
            await beat(it)

    told = [
        each.message for each in caplog.records if "its lease will end" in each.message
    ]
    assert len(told) == 1
    assert "500 busy" in told[0]


@every_step
async def test_a_server_that_hangs_is_away(
    hurried: EurekaBackend, proxy: Proxy, step: Step
) -> None:
    proxy.hang("/eureka")

    error = await outcome(step, hurried)

    assert isinstance(error, Unavailable)
    assert "no answer in 0." in str(error)


@every_step
async def test_a_server_that_refuses_connections_is_away(
    watched: EurekaBackend, proxy: Proxy, step: Step
) -> None:
    await proxy.refuse()

    error = await outcome(step, watched)

    assert isinstance(error, Unavailable)
    assert str(error).startswith(
        f"eureka://127.0.0.1:{proxy.port}/eureka: no connection"
    )


@every_step
@pytest.mark.parametrize("octets", [0, 40])
async def test_an_answer_that_is_cut_in_its_head_is_no_answer(
    watched: EurekaBackend, proxy: Proxy, step: Step, octets: int
) -> None:
    await put(watched, SERVICE)
    proxy.cut("/eureka", octets)
    async with EurekaBackend.from_uri(f"eureka://127.0.0.1:{proxy.port}", HERE) as it:
        error = await outcome(step, it)

    assert isinstance(error, Unavailable)
    assert "closed the connection without an answer" in str(error)


@pytest.mark.parametrize("path", ["/apps", "/apps/WEB/"])
async def test_an_answer_that_is_cut_in_its_body_is_no_answer(
    watched: EurekaBackend, proxy: Proxy, path: str
) -> None:
    await put(watched, SERVICE)
    proxy.cut(f"GET /eureka{path}", -1)

    with pytest.raises(Unavailable, match="broke off in the middle of an answer"):
        await watched.owned()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer is not JSON"),
        ("<applications/>", "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        ("[]", "neither applications nor an application"),
        ('{"applications": null}', "neither applications nor an application"),
    ],
)
async def test_an_answer_of_something_else_is_no_answer(
    watched: EurekaBackend, proxy: Proxy, text: str, told: str
) -> None:
    proxy.answer("GET /eureka/apps", 200, text)

    with pytest.raises(Unavailable, match=told):
        await watched.owned()


async def test_an_instance_that_is_none_is_no_answer(
    watched: EurekaBackend, proxy: Proxy
) -> None:
    await put(watched, SERVICE)
    proxy.answer("GET /eureka/apps/WEB/", 200, json.dumps({"instance": {"app": "WEB"}}))

    with pytest.raises(Unavailable, match="not an instance as Eureka shows it"):
        await watched.owned()


async def test_something_that_does_not_speak_http_is_away(
    watched: EurekaBackend, proxy: Proxy
) -> None:
    proxy.say("/eureka", b"220 smtp.example ESMTP\r\n")

    with pytest.raises(Unavailable, match="the answer is not HTTP"):
        await watched.owned()


async def test_after_many_refusals_the_rest_is_not_tried(
    watched: EurekaBackend, proxy: Proxy
) -> None:
    proxy.answer("POST", 500, "")

    with pytest.raises(Unavailable, match="500"):
        await put(watched, *(web(f"here:web.{number}:80") for number in range(100)))

    assert len([each for each in proxy.requests if each.method == "POST"]) < 30


async def test_another_server_is_asked_where_the_first_is_away_and_kept_to(
    spread: EurekaBackend, peers: list[EurekaServer]
) -> None:
    await put(spread, SERVICE)
    peers[0].stop()

    assert await spread.owned() == {SERVICE.id: spread.record(SERVICE)}
    await put(spread, web(port=9))
    peers[0].start()
    before = len(peers[0].requests)
    await spread.owned()

    assert len(peers[0].requests) == before
    assert peers[2].requests == []
    assert peers[1].instances()["WEB", SERVICE.id]["port"]["$"] == 9


async def test_another_server_is_asked_where_the_first_is_in_trouble(
    real_eureka: EurekaServer, proxy: Proxy
) -> None:
    for status in (500, 503, 403, 429):
        proxy.answer("/eureka", status)
        uri = f"eureka://127.0.0.1:{proxy.port},{ports(real_eureka)}"
        async with EurekaBackend.from_uri(uri, HERE) as backend:
            assert await put(backend, web(port=status)) == {}

        (shown,) = real_eureka.instances().values()
        assert shown["port"]["$"] == status


async def test_another_server_is_asked_within_the_deadline_where_the_first_hangs(
    real_eureka: EurekaServer, proxy: Proxy
) -> None:
    proxy.hang("/eureka")
    address = read_address(f"eureka://127.0.0.1:{proxy.port},{ports(real_eureka)}")
    async with EurekaBackend(address, HERE, deadline=4.0) as backend:
        assert await put(backend, SERVICE) == {}
        hung = len(proxy.requests)
        await backend.owned()

    assert len(proxy.requests) == hung


async def test_where_all_servers_are_away_each_is_named(
    spread: EurekaBackend, peers: list[EurekaServer]
) -> None:
    for peer in peers:
        peer.stop()

    with pytest.raises(Unavailable) as caught:
        await spread.owned()

    assert [peer.uri for peer in peers if peer.uri not in str(caught.value)] == []
    for peer in peers:
        peer.start()
    assert await spread.owned() == {}


async def test_a_server_that_missed_a_change_asks_for_it_by_a_heartbeat(
    spread: EurekaBackend, peers: list[EurekaServer]
) -> None:
    await put(spread, SERVICE)
    lonely = peers[1]
    peers[0].peers = []
    await put(spread, web(port=9))
    async with EurekaBackend.from_uri(f"eureka://{ports(*peers)}", HERE) as later:
        found = await later.owned()
        peers[0].stop()

        with pytest.raises(Unavailable, match="no such lease"):
            await later.refresh(found)
        steps = plan({SERVICE.id: later.record(web(port=9))}, await later.owned())
        await later.put(steps.puts)

    assert lonely.instances()["WEB", SERVICE.id]["port"]["$"] == 9


async def test_an_emptied_server_is_given_everything_anew(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    many = [web(f"here:web.{number}:80") for number in range(50)]
    await put(backend, *many)
    records = await backend.owned()
    async with EurekaBackend.from_uri(real_eureka.uri, HERE) as later:
        real_eureka.advance(30)
        await later.owned()
        real_eureka.empty()

        with pytest.raises(Unavailable, match="no such lease"):
            await later.refresh(records)
        steps = plan(records, await later.owned())
        await later.put(steps.puts)

    assert len(real_eureka.instances()) == 50


async def test_an_instance_whose_lease_ended_is_registered_anew(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    await put(backend, SERVICE)
    real_eureka.advance(300)
    assert real_eureka.registry.evictions == [("WEB", SERVICE.id)]

    assert await backend.owned() == {}
    await put(backend, SERVICE)

    assert set(await backend.owned()) == {SERVICE.id}


async def test_a_server_that_preserves_itself_still_shows_what_is_there(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    real_eureka.registry.self_preservation = True
    await put(backend, SERVICE, web("here:web.2:80"))
    real_eureka.advance(3600)

    assert set(await backend.owned()) == {SERVICE.id, "here:web.2:80"}


async def test_a_wrong_password_is_told_without_it(real_eureka: EurekaServer) -> None:
    real_eureka.login = "user:secret"
    place = f"127.0.0.1:{real_eureka.port}"
    async with EurekaBackend.from_uri(f"eureka://user:secret@{place}", HERE) as right:
        assert await put(right, SERVICE) == {}
    async with EurekaBackend.from_uri(
        f"eureka://user:swordfish@{place}", HERE
    ) as wrong:
        with pytest.raises(Unavailable, match="check user and password") as caught:
            await wrong.owned()

    assert "swordfish" not in str(caught.value)
    assert "user:" not in str(caught.value)


def secure(certificate: Certificate) -> EurekaServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return EurekaServer(tls=context)


async def test_a_server_with_a_certificate_is_spoken_to_over_tls(
    tmp_path: Path,
) -> None:
    certificate = Authority(tmp_path).issue("server")
    with secure(certificate) as server:
        uri = f"eurekas://127.0.0.1:{server.port}?ca={certificate.ca}"
        async with EurekaBackend.from_uri(uri, HERE) as backend:
            assert await put(backend, SERVICE) == {}

        assert len(server.instances()) == 1


async def test_a_certificate_that_has_expired_is_not_accepted(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).issue("server", expired=True)
    with secure(certificate) as server:
        uri = f"eureka://127.0.0.1:{server.port}?tls&ca={certificate.ca}"
        async with EurekaBackend.from_uri(uri, HERE) as backend:
            with pytest.raises(
                Unavailable, match="not accepted: certificate has expired"
            ):
                await backend.owned()


async def test_a_write_that_is_cancelled_can_be_repeated(
    backend: EurekaBackend, real_eureka: EurekaServer
) -> None:
    real_eureka.hangs = True
    writing = asyncio.ensure_future(put(backend, SERVICE))
    await eventually(lambda: real_eureka.requests, "the server is asked")
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    real_eureka.hangs = False

    assert await put(backend, SERVICE) == {}
    assert set(await backend.owned()) == {SERVICE.id}
