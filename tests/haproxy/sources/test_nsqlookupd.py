"""nsqlookupd: several that do not tell each other, and each may be away.

No real one can be installed here: the answers have the forms of NSQ's documentation,
of 1.x and of 0.2.
"""

from typing import Any

import pytest

from following import following
from http_answers import Answer, Asked, Fault, HttpAnswers, answering, as_json
from registrator import stores
from registrator.errors import ConfigError
from registrator.readable import Readable, Site
from registrator_haproxy.sources.nsq_answers import KEPT, Said, merged, read_answer

SITE = Site(node="here")


def nsqd(number: int, **more: Any) -> dict[str, Any]:
    return {
        "remote_address": f"10.0.0.{number}:58148",
        "hostname": f"h{number}",
        "broadcast_address": f"10.0.0.{number}",
        "tcp_port": 4150,
        "http_port": 4151,
        "version": "1.3.0",
        **more,
    }


def now_says(*numbers: int) -> Answer:
    return as_json({"channels": [], "producers": [nsqd(each) for each in numbers]})


def source(*servers: HttpAnswers, more: str = "") -> Readable:
    places = ",".join(each.place for each in servers)
    return stores.readable(f"nsqlookupd://{places}?poll=0.05{more}", SITE)


def read(answer: dict[str, Any], status: int = 200, topic: str = "web") -> Said:
    return read_answer(status, answer, topic=topic, field="tcp_port", now=0.0)


@pytest.mark.parametrize(
    "answer",
    [
        {"channels": [], "producers": [nsqd(1)]},
        {
            "status_code": 200,
            "status_txt": "OK",
            "data": {"channels": [], "producers": [nsqd(1)]},
        },
    ],
)
def test_both_forms_of_an_answer_are_read(answer: dict[str, Any]) -> None:
    [found] = read(answer).instances.values()

    assert (found.name, found.address, found.port) == ("web", "10.0.0.1", 4150)
    assert (found.node, found.metadata) == ("h1", {"version": "1.3.0"})


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, {"message": "TOPIC_NOT_FOUND"}),
        (200, {"status_code": 404, "status_txt": "TOPIC_NOT_FOUND", "data": None}),
        (500, {"status_code": 500, "status_txt": "TOPIC_NOT_FOUND", "data": ""}),
        (200, {"channels": None, "producers": None}),
    ],
)
def test_no_such_topic_is_no_instance(status: int, answer: dict[str, Any]) -> None:
    assert read(answer, status).instances == {}


@pytest.mark.parametrize(
    ("status", "answer", "why"),
    [
        (400, {"message": "MISSING_ARG_TOPIC"}, "it answers 400 'MISSING_ARG_TOPIC'"),
        (200, {"status_code": [], "status_txt": []}, r"it answers \[\]"),
        (500, {}, "it answers 500"),
        (200, {}, "no list of producers"),
        (200, {"data": 7}, "no list of producers"),
        (200, {"producers": {}}, "no list of producers"),
    ],
)
def test_what_is_no_answer_is_refused(
    status: int, answer: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read(answer, status)


def test_what_is_no_nsqd_is_counted() -> None:
    odd = [7, {}, nsqd(1, broadcast_address="a b"), nsqd(1, tcp_port="x")]

    found = read({"producers": [*odd, nsqd(2)]})

    assert (found.skipped, list(found.instances)) == (4, ["10.0.0.2:4150"])


def test_every_topic_of_every_nsqd_is_read_where_none_is_asked_for() -> None:
    nodes = [
        nsqd(1, topics=["a", "b", 7], tombstones=[False, True]),
        nsqd(2, topics=["a"]),
        nsqd(3, topics=None),
    ]

    found = read({"producers": nodes}, topic="")

    assert sorted(found.instances) == ["a/10.0.0.1:4150", "a/10.0.0.2:4150"]
    assert {each.name for each in found.instances.values()} == {"a"}


def test_what_one_said_long_ago_stands_no_more() -> None:
    old, new = read({"producers": [nsqd(1)]}), read({"producers": [nsqd(2)]})
    new = Said(at=KEPT, instances=new.instances)

    assert len(merged([new, old], now=KEPT).instances) == 2
    assert list(merged([new, old], now=KEPT + 1).instances) == ["10.0.0.2:4150"]


async def test_what_all_say_is_put_together() -> None:
    says = {1: now_says(1, 2), 2: now_says(2, 3)}
    async with (
        answering(lambda _: says[1]) as one,
        answering(lambda _: says[2]) as two,
        source(one, two, more="&port=http") as opened,
        following(opened, "web") as seen,
    ):
        all_three = ["10.0.0.1:4151", "10.0.0.2:4151", "10.0.0.3:4151"]
        await seen.until(lambda: seen.ids == all_three, "all three")
        says[1] = as_json({"message": "TOPIC_NOT_FOUND"}, 404)
        await seen.until(lambda: seen.ids == all_three[1:], "those of the other")

    assert {each.path for each in one.requests} == {"/lookup?topic=web"}
    assert one.requests[0].headers["accept"] == "application/vnd.nsq; version=1.0"


@pytest.mark.parametrize("fault", ["hang", "junk", "half", "huge", "close"])
async def test_what_one_said_stands_while_it_fails(fault: Fault) -> None:
    says = {1: now_says(1), 2: now_says(2)}
    async with (
        answering(lambda _: says[1]) as one,
        answering(lambda _: says[2]) as two,
        source(one, two) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: len(seen.ids) == 2, "both")
        two.fault = fault
        says[1] = now_says(1, 3)
        await seen.until(lambda: len(seen.ids) == 3, "what it said, and the new one")
        says[2], two.fault = now_says(), ""
        await seen.until(
            lambda: seen.ids == ["10.0.0.1:4150", "10.0.0.3:4150"], "it answers again"
        )


async def test_all_away_is_said_and_what_they_said_is_kept() -> None:
    async with (
        answering(lambda _: now_says(1)) as one,
        answering(lambda _: now_says(2)) as two,
        source(one, two) as opened,
    ):
        async with following(opened, "web") as seen:
            await seen.until(lambda: len(seen.ids) == 2, "both")
            await one.stop()
            await two.stop()
            error = await seen.doubted()
        assert f"nsqlookupd://{one.place}: no connection" in error
        assert f"nsqlookupd://{two.place}: no connection" in error

        await one.start()
        async with following(opened, "web") as again:
            await again.until(lambda: len(again.ids) == 2, "one, and what two said")


async def test_a_topic_may_have_another_name_than_the_service() -> None:
    def answer(asked: Asked) -> Answer:
        return now_says(1) if "topic=a%2Fb%26c" in asked.path else now_says(2)

    async with (
        answering(answer) as one,
        source(one, more="&topic=a/b%26c") as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids == ["10.0.0.1:4150"], "it is asked for")
        assert opened.uri.endswith("?port=tcp&topic=a%2Fb%26c")


async def test_several_watches_share_their_servers() -> None:
    async with (
        answering(lambda _: now_says(1)) as one,
        source(one) as opened,
        following(opened, "a") as first,
        following(opened, "b") as second,
    ):
        await first.until(lambda: first.ids, "one topic")
        await second.until(lambda: second.ids, "another")

        names = [first.instances[0].name, second.instances[0].name]
        assert names == ["a", "b"]


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("nsqlookupd://h?port=udp", "port is neither tcp nor http"),
        ("nsqlookupd://h/path", "neither a path nor a user"),
        ("nsqlookupd://u:geheim@h", "neither a path nor a user"),
        ("nsqlookupd://h?poll=0", "poll is not a number of seconds"),
        ("nsqlookupd://h?x=1", "unknown option 'x'"),
        ("nsqlookupd://h,h", "a server stands there twice"),
    ],
)
def test_what_names_no_nsqlookupd_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        stores.readable(uri, SITE)

    assert "geheim" not in str(refused.value)
