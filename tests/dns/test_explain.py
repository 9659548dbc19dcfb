import timeit
from dataclasses import replace
from typing import Any

import pytest

from dnsroom import responder
from registrator.model import Instance
from registrator_dns.answers import Answers
from registrator_dns.explain import explain
from registrator_dns.process.show import show_of

EU = Instance(id="a", name="web", address="10.0.0.1", port=80, tags=("eu",), node="foo")
US = Instance(id="b", name="web", address="10.0.0.2", port=81, metadata={"v": 'x"\\ y'})
TWIN = Instance(id="c", name="web", address="10.0.0.1", port=80, node="bar")
THERE = Instance(
    id="e",
    name="db",
    address="10.0.0.9",
    port=1,
    node="There",
    node_address="10.0.0.9",
)
BESIDE = replace(THERE, id="f", name="cache")
ALIAS = Instance(id="d", name="away", address="cdn.example.net", port=443)


def shown() -> Answers:
    answers = responder()
    for each in (EU, US, TWIN, ALIAS, THERE, BESIDE):
        answers.put(f"own/{each.id}", each)
    return answers


def records(name: str, kind: str) -> list[tuple[Any, ...]]:
    said = explain(shown().authority, name, kind)
    return [(r["section"], r["data"], tuple(r["sources"])) for r in said["records"]]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        (
            "web.service.consul.",
            "a",
            [
                ("answer", "10.0.0.1", ("own/a", "own/c")),
                ("answer", "10.0.0.2", ("own/b",)),
            ],
        ),
        ("eu.web.service.consul", "A", [("answer", "10.0.0.1", ("own/a",))]),
        (
            "eu.web.service.dc1.consul",
            "SRV",
            [
                ("answer", "1 1 80 0a000001.addr.dc1.consul.", ("own/a",)),
                ("additional", "10.0.0.1", ()),
            ],
        ),
        (
            "web.service.consul",
            "TXT",
            [
                ("answer", '""', ("own/c",)),
                ("answer", '"tags=eu"', ("own/a",)),
                ("answer", '"v=x\\"\\\\ y"', ("own/b",)),
            ],
        ),
        ("away.service.consul", "A", [("answer", "cdn.example.net.", ("own/d",))]),
        (
            "2.0.0.10.in-addr.arpa",
            "PTR",
            [("answer", "web.service.dc1.consul.", ("own/b",))],
        ),
        ("foo.node.consul", "A", [("answer", "127.0.0.1", ())]),
        ("there.node.consul", "A", [("answer", "10.0.0.9", ("own/e", "own/f"))]),
        (
            "9.0.0.10.in-addr.arpa",
            "PTR",
            [("answer", "there.node.dc1.consul.", ("own/e", "own/f"))],
        ),
        (
            "_services._dns-sd._udp.dc1.consul",
            "PTR",
            [
                ("answer", "_web._tcp.dc1.consul.", ("own/a", "own/b", "own/c")),
                ("answer", "_away._tcp.dc1.consul.", ("own/d",)),
                ("answer", "_db._tcp.dc1.consul.", ("own/e",)),
                ("answer", "_cache._tcp.dc1.consul.", ("own/f",)),
            ],
        ),
        (
            "_away._tcp.consul",
            "PTR",
            [
                ("answer", "d._away._tcp.consul.", ("own/d",)),
                ("additional", "1 1 443 cdn.example.net.", ()),
                ("additional", '""', ()),
            ],
        ),
        ("b._dns-sd._udp.consul", "PTR", [("answer", "consul.", ())]),
        (
            "consul",
            "SOA",
            [("answer", "ns.consul. hostmaster.consul. 7 3600 600 86400 0", ())],
        ),
        (
            "eu.*.service.consul",
            "A",
            [("answer", "10.0.0.1", ("own/a",))],
        ),
    ],
)
def test_each_record_says_whom_it_stands_for(
    name: str, kind: str, expected: list[tuple[Any, ...]]
) -> None:
    assert sorted(records(name, kind)) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "reason"),
    [
        ("nope.service.consul", "A", "NXDOMAIN", "no instance that is shown"),
        ("web.service.consul", "AAAA", "NOERROR", "with nothing of this type"),
        ("web.service.consul", "TYPE99", "NOERROR", "with nothing of this type"),
        ("example.org", "A", "REFUSED", "in no domain of this responder"),
    ],
)
def test_no_answer_has_a_reason(name: str, kind: str, rcode: str, reason: str) -> None:
    said = explain(shown().authority, name, kind)

    assert (said["rcode"], said["records"]) == (rcode, [])
    assert reason in said["reason"]


def test_while_not_all_is_known_nothing_is_denied() -> None:
    answers = shown()
    answers.authority.complete = False

    said = explain(answers.authority, "nope.service.consul", "A")

    assert said["rcode"] == "SERVFAIL"
    assert "a registry was not read, or is away" in said["reason"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a..b", "A"), ("x" * 64, "A"), ("web", "NONSENSE"), ("web", "TYPE65536")],
)
def test_what_is_no_question_is_refused(name: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        explain(shown().authority, name, kind)


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "reason"),
    [
        ("www.example.org", "A", "FORWARDED", "to 192.0.2.53:53, [2001:db8::1]:53"),
        ("db.corp.example", "A", "FORWARDED", "to 192.0.2.54:5353"),
        ("www.example.org", "TYPE251", "REFUSED", "in no domain of this responder"),
        ("localhost", "A", "NOERROR", "a special name"),
        ("printer.local", "A", "NXDOMAIN", "a special name"),
        ("nope.service.consul", "A", "NXDOMAIN", "no instance that is shown"),
    ],
)
def test_what_others_are_asked_is_said_to_be_forwarded(
    name: str, kind: str, rcode: str, reason: str
) -> None:
    uri = (
        "dns://?upstream=192.0.2.53,[2001:db8::1]"
        "&zone-upstream=corp.example=192.0.2.54:5353"
    )
    show = show_of({"uri": uri, "node": "foo", "address": "127.0.0.1"})

    said = explain(show.answers.authority, name, kind)

    assert (said["rcode"], said["records"]) == (rcode, [])
    assert reason in said["reason"]


@pytest.mark.parametrize(
    ("limit", "kind", "reason"),
    [
        (1, "A", "each answer has 1 of the addresses"),
        (2, "A", ""),
        (1, "SRV", ""),
    ],
)
def test_it_is_said_that_an_answer_has_not_all_addresses(
    limit: int, kind: str, reason: str
) -> None:
    answers = responder(EU, US, limit=limit)

    said = explain(answers.authority, "web.service.consul", kind)

    assert said["reason"] == reason


def test_what_is_said_of_many_instances_costs_by_their_number() -> None:
    few, many = _seconds(200), _seconds(3200)

    assert many < 80 * few  # 16 times as many; their square would be 256 times


def _seconds(count: int) -> float:
    addresses = (f"10.0.{number >> 8}.{number & 255}" for number in range(count))
    answers = responder(*(replace(US, id=each, address=each) for each in addresses))

    def once() -> None:
        said = explain(answers.authority, "web.service.consul", "A")
        assert len(said["records"]) == count

    return min(timeit.repeat(once, number=1, repeat=3))
