"""Names that are followed, at a resolver that says what a test has it say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from dns.name import Name, from_text

from registrator import stores
from registrator.errors import Unavailable
from registrator.model import Instance
from registrator.readable import Site
from registrator_haproxy.sources.dns.resolver import Resolver
from servers import free_ports
from upstreams import Asked, Script, Upstream, reply, silent, tells, truncates
from watching import Watched, watching

DEADLINE = "registrator_haproxy.sources.dns.resolver._DEADLINE"
SOA = "example. 7 SOA ns.example. admin.example. 1 2 3 4 7"
SHORT = "min=0.1"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers waited for, however busy the machine is."""
    monkeypatch.setattr(DEADLINE, 30.0)


@pytest.fixture
def hasty(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is no answer given up soon."""
    monkeypatch.setattr(DEADLINE, 0.5)


def zone(**kinds: Mapping[str, Iterable[str]]) -> Script:
    """Answer by type and name; what stands nowhere does not exist."""

    def script(asked: Asked, udp: bool) -> list[bytes]:
        del udp
        question = asked.question[0]
        name = question.name.to_text(omit_final_dot=True)
        found = kinds.get(dns.rdatatype.to_text(question.rdtype), {}).get(name)
        if found is None:
            there = any(name in names for names in kinds.values())
            return [
                reply(asked, SOA, rcode="NOERROR" if there else "NXDOMAIN").to_wire()
            ]
        return [reply(asked, *found).to_wire()]

    return script


@asynccontextmanager
async def following(
    script: Script, query: str = SHORT, name: str = "web", kind: str = "srv"
) -> AsyncIterator[tuple[Upstream, Watched]]:
    async with Upstream(script) as upstream:
        place = f"{upstream.place[0]}:{upstream.place[1]}"
        uri = f"dns-{kind}://{place}/example?{query}"
        source = stores.readable(uri, Site(node="here"))
        async with source, watching(source, name) as seen:
            yield upstream, seen


def places(seen: Watched) -> list[str]:
    return sorted(f"{each.address} {each.port}" for each in seen.instances)


async def shows(seen: Watched, *wanted: str) -> None:
    await seen.until(lambda: places(seen) == sorted(wanted), f"{wanted} are shown")


TWO = zone(
    SRV={
        "web.example": [
            "0 SRV 1 10 8000 a.example.",
            "0 SRV 1 30 8001 b.example.",
            "0 SRV 2 0 8002 c.example.",
        ]
    },
    A={
        "a.example": ["0 A 10.0.0.1"],
        "b.example": ["0 A 10.0.0.2", "0 A 10.0.0.3"],
        "c.example": [],
    },
    AAAA={"c.example": ["0 AAAA fd00::1"], "a.example": ["0 AAAA fd00::2"]},
)


async def test_srv_records_are_instances_with_the_addresses_of_their_targets() -> None:
    async with following(TWO) as (_, seen):
        await shows(
            seen, "10.0.0.1 8000", "10.0.0.2 8001", "10.0.0.3 8001", "fd00::1 8002"
        )

    found = {each.address: each for each in seen.instances}
    assert {each.name for each in seen.instances} == {"web"}
    assert [found[each].weight for each in sorted(found)] == [10, 30, 30, 1]
    assert found["10.0.0.1"].node == "a.example"
    assert found["10.0.0.1"].metadata == {}
    assert (found["fd00::1"].priority, found["fd00::1"].metadata) == (
        2,
        {"haproxy_server_options": "backup"},
    )


async def test_addresses_that_come_along_are_not_asked_for() -> None:
    def script(asked: Asked, udp: bool) -> list[bytes]:
        del udp
        told = reply(asked, "0 SRV 1 1 8000 a.example.")
        told.additional.append(
            dns.rrset.from_text("A.example.", 0, "IN", "A", "10.0.0.9")
        )
        return [told.to_wire()]

    async with following(script) as (upstream, seen):
        await shows(seen, "10.0.0.9 8000")

    assert {each.question[0].rdtype for each in upstream.queries} == {dns.rdatatype.SRV}


async def test_addresses_of_both_families_are_instances() -> None:
    script = zone(
        A={"web.example": ["0 A 10.0.0.1"]}, AAAA={"web.example": ["0 AAAA fd00::1"]}
    )
    async with following(script, f"{SHORT}&port=80&label.zone=b", kind="a") as (
        _,
        seen,
    ):
        await shows(seen, "10.0.0.1 80", "fd00::1 80")

    assert [each.metadata for each in seen.instances] == [{"zone": "b"}] * 2
    assert {each.node for each in seen.instances} == {"web.example"}


async def test_a_family_may_be_chosen() -> None:
    script = zone(
        A={"web.example": ["0 A 10.0.0.1"]}, AAAA={"web.example": ["0 AAAA fd00::1"]}
    )
    async with following(script, f"{SHORT}&family=6", kind="a") as (_, seen):
        await shows(seen, "fd00::1 0")


async def test_an_address_is_taken_as_it_is() -> None:
    query = f"{SHORT}&name=fd00::9&port=80"
    async with following(silent, query, kind="a") as (upstream, seen):
        await shows(seen, "fd00::9 80")

    assert upstream.queries == []


async def test_aliases_are_followed_in_one_answer_and_over_several() -> None:
    script = zone(
        A={
            "web.example": ["0 CNAME x.example.", "x.example. 0 CNAME y.example."],
            "y.example": ["0 CNAME z.example.", "z.example. 0 A 10.0.0.1"],
        },
    )
    async with following(script, f"{SHORT}&family=4", kind="a") as (_, seen):
        await shows(seen, "10.0.0.1 0")


async def test_aliases_that_never_end_are_no_answer() -> None:
    script = zone(
        A={"a.example": ["0 CNAME b.example."], "b.example": ["0 CNAME a.example."]}
    )
    async with following(script, kind="a", name="a") as (_, seen):
        assert "more than 8 aliases" in str(await seen.ended())


async def test_a_change_is_seen_when_the_ttl_is_over() -> None:
    async with following(TWO, f"{SHORT}&max=60") as (upstream, seen):
        await seen.until(lambda: len(seen.instances) == 4, "all are shown")
        upstream.script = zone(
            SRV={"web.example": ["3600 SRV 1 1 9000 a.example."]},
            A={"a.example": ["3600 A 10.0.0.1"]},
        )
        await shows(seen, "10.0.0.1 9000")


async def test_it_is_asked_again_after_max_however_long_the_ttl() -> None:
    script = zone(A={"web.example": ["86400 A 10.0.0.1"]})
    query = f"{SHORT}&max=0.1&family=4"
    async with following(script, query, kind="a") as (upstream, seen):
        await shows(seen, "10.0.0.1 0")
        await seen.until(lambda: len(upstream.queries) > 3, "it is asked again")

    assert len(seen.readings) == 1


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
@pytest.mark.parametrize("kind", ["a", "srv"])
async def test_that_there_is_nothing_is_an_answer(rcode: str, kind: str) -> None:
    async with following(tells(SOA, rcode=rcode), kind=kind) as (_, seen):
        await shows(seen)


async def test_a_target_of_the_root_says_that_there_is_no_such_service() -> None:
    async with following(tells("0 SRV 0 0 0 .")) as (_, seen):
        await shows(seen)


async def test_a_target_without_an_address_takes_all_with_it() -> None:
    script = zone(
        SRV={"web.example": ["0 SRV 1 1 1 a.example.", "0 SRV 1 1 2 b.example."]},
        A={"a.example": ["0 A 10.0.0.1"]},
    )
    async with following(script) as (_, seen):
        error = await seen.ended()

    assert seen.readings == []
    assert str(error).endswith(": b.example has no address")


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"])
async def test_a_refusal_is_no_answer(rcode: str) -> None:
    async with following(tells(rcode=rcode)) as (upstream, seen):
        error = await seen.ended()

    assert seen.readings == []
    assert str(error).endswith(
        f"SRV of web.example: resolver 127.0.0.1:{upstream.place[1]} says {rcode}"
    )


def altered(change: Callable[[dns.message.Message], object]) -> Script:
    def script(asked: Asked, udp: bool) -> list[bytes]:
        del udp
        told = reply(asked, SOA)
        change(told)
        return [told.to_wire()]

    return script


def other_id(told: dns.message.Message) -> None:
    told.id ^= 1


def other_name(told: dns.message.Message) -> None:
    told.question[0].name = from_text("other.example")


def other_kind(told: dns.message.Message) -> None:
    told.question[0].rdtype = dns.rdatatype.A


def no_response(told: dns.message.Message) -> None:
    told.flags &= ~dns.flags.QR


async def test_answers_to_something_else_are_none(hasty: None) -> None:
    changes = (other_id, other_name, other_kind, no_response)

    def script(asked: Asked, udp: bool) -> list[bytes]:
        return [packet for each in changes for packet in altered(each)(asked, udp)]

    async with following(script) as (_, seen):
        error = await seen.ended()

    assert seen.readings == []
    assert "does not answer in 0.5 s" in str(error)


async def test_garbage_is_no_answer(hasty: None) -> None:
    def script(asked: Asked, udp: bool) -> list[bytes]:
        del udp
        whole = reply(asked, "0 SRV 1 1 1 a.example.").to_wire()
        loop = whole[:12] + b"\xc0\x0c" * 20
        noise = [b"", b"\0", b"\xff" * 12, b"\xff" * 600, bytes(512)]
        return [*noise, whole[:-1], whole + b"x", loop]

    async with following(script) as (_, seen):
        await seen.ended()

    assert seen.readings == []


async def test_the_answer_that_comes_after_a_forged_one_counts() -> None:
    def script(asked: Asked, udp: bool) -> list[bytes]:
        forged = altered(other_id)(asked, udp)
        return [*forged, b"x", *TWO(asked, udp)]

    async with following(script) as (_, seen):
        await seen.until(lambda: len(seen.instances) == 4, "all are shown")

    assert len(seen.readings) == 1


async def test_an_answer_that_has_no_room_comes_over_tcp() -> None:
    records = [f"0 A 10.0.{n // 250}.{n % 250 + 1}" for n in range(2000)]
    async with following(truncates(*records), f"{SHORT}&family=4", kind="a") as (
        upstream,
        seen,
    ):
        await seen.until(lambda: len(seen.instances) == 2000, "all are shown")

    assert upstream.over_udp[:2] == [True, False]
    assert upstream.queries[0].edns == 0


async def test_over_tcp_garbage_is_no_answer_either() -> None:
    def script(asked: Asked, udp: bool) -> list[bytes]:
        return [*truncates()(asked, udp)] if udp else [b"\xff" * 40]

    async with following(script) as (_, seen):
        assert "answers something else" in str(await seen.ended())


async def test_who_is_to_end_when_the_answer_comes_ends() -> None:
    asking: set[asyncio.Task[object]] = set()
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        for each in asking:
            loop.call_soon(each.cancel)

    def script(asked: Asked, udp: bool) -> Iterable[bytes]:
        # In two steps: by then the answer was read, and nobody has woken up for it.
        loop.call_soon(cancel)
        return TWO(asked, udp)

    async with Upstream(script) as upstream, asyncio.TaskGroup() as group:
        question = Resolver([upstream.place]).ask(from_text("web.example"), "SRV")
        asking.add(group.create_task(question, name="ask"))

    assert [each.cancelled() for each in asking] == [True]


async def test_every_question_has_an_id_and_a_port_of_its_own() -> None:
    async with following(TWO) as (upstream, seen):
        await seen.until(lambda: len(upstream.queries) > 20, "it was asked")

    assert len({each.id for each in upstream.queries}) > 15
    assert len({port for _, port in upstream.clients}) > 10


async def test_another_resolver_is_asked_where_the_first_fails() -> None:
    (dead,) = free_ports(1)
    async with AsyncExitStack() as opened:
        refuses = await opened.enter_async_context(Upstream(tells(rcode="REFUSED")))
        answers = await opened.enter_async_context(Upstream(TWO))
        ports = [dead, refuses.place[1], answers.place[1]]
        uri = "dns-srv://" + ",".join(f"127.0.0.1:{port}" for port in ports)
        source = stores.readable(f"{uri}/example?{SHORT}", Site(node="here"))
        seen = await opened.enter_async_context(watching(source, "web"))
        await seen.until(lambda: len(answers.queries) > 8, "it goes on")

        assert len(seen.instances) == 4
        # Who failed is not asked first again.
        assert len(refuses.queries) == 1


async def test_without_a_name_there_is_nothing_to_ask_for() -> None:
    async with following(TWO, name="") as (_, seen):
        assert "give one by ?name=" in str(await seen.ended())


async def test_what_is_no_name_is_told() -> None:
    async with following(TWO, name="a..b") as (_, seen):
        assert "'a..b.example' is no name" in str(await seen.ended())


async def test_resolvers_are_those_of_the_host_as_they_are_now(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    resolver = Resolver((), file)
    name: Name = from_text("web.example")

    with pytest.raises(Unavailable, match="names no resolver"):
        await resolver.ask(name, "A")
    file.write_text("nameserver 127.255.255.254\noptions edns0\n")
    with pytest.raises(Unavailable, match=r"resolver 127\.255\.255\.254:53 "):
        await resolver.ask(name, "A")


async def test_weights_that_haproxy_has_no_number_for_keep_their_proportion() -> None:
    script = zone(
        SRV={
            "web.example": [
                "0 SRV 1 1000 1 a.example.",
                "0 SRV 1 500 2 a.example.",
                "0 SRV 1 1 3 a.example.",
            ]
        },
        A={"a.example": ["0 A 10.0.0.1"]},
    )
    async with following(script) as (_, seen):
        await seen.until(lambda: len(seen.instances) == 3, "all are shown")

    def weight(each: Instance) -> tuple[int, int]:
        return each.port, each.weight

    assert sorted(map(weight, seen.instances)) == [(1, 256), (2, 128), (3, 1)]
