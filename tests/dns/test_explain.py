from typing import Any

import pytest

from dnsroom import responder
from registrator.model import Instance
from registrator_dns.answers import Answers
from registrator_dns.explain import explain

EU = Instance(id="a", name="web", address="10.0.0.1", port=80, tags=("eu",), node="foo")
US = Instance(id="b", name="web", address="10.0.0.2", port=81, metadata={"v": 'x"\\ y'})
TWIN = Instance(id="c", name="web", address="10.0.0.1", port=80, node="bar")
ALIAS = Instance(id="d", name="away", address="cdn.example.net", port=443)


def shown() -> Answers:
    answers = responder()
    for each in (EU, US, TWIN, ALIAS):
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
