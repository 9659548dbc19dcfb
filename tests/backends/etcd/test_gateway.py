"""What etcd says, taken apart."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.errors import Unavailable
from registrator_backends.etcd import wire
from registrator_backends.etcd.events import read_news
from registrator_backends.etcd.faults import (
    Away,
    Compacted,
    LeaseGone,
    LeaseTaken,
    NoUsers,
    Refused,
    Stranger,
    fault,
)
from registrator_backends.etcd.stream import Lines


def older(text: str, code: int) -> str:
    return json.dumps({"error": text, "message": text, "code": code})


def newer(text: str, code: int) -> str:
    return json.dumps({"code": code, "message": text})


def streamed(text: str, code: int) -> str:
    return json.dumps({"error": {"grpc_code": code, "http_code": 500, "message": text}})


FAULTS = [
    (404, "etcdserver: requested lease not found", 5, LeaseGone),
    (412, "etcdserver: lease already exists", 9, LeaseTaken),
    (412, "etcdserver: authentication is not enabled", 9, NoUsers),
    (400, "etcdserver: mvcc: required revision has been compacted", 11, Compacted),
    (400, "etcdserver: mvcc: required revision is a future revision", 11, Refused),
    (400, "etcdserver: request is too large", 3, Refused),
    (429, "grpc: received message larger than max (9 vs. 8)", 8, Refused),
    (400, "etcdserver: too many operations in txn request", 3, Refused),
    (403, "etcdserver: permission denied", 7, Refused),
    (401, "etcdserver: invalid auth token", 16, Stranger),
    (400, "etcdserver: user name is empty", 3, Stranger),
    (400, "etcdserver: revision of auth store is old", 3, Stranger),
    (400, "authentication failed, invalid user ID or password", 3, Unavailable),
    (429, "etcdserver: mvcc: database space exceeded", 8, Unavailable),
    (429, "etcdserver: too many requests", 8, Unavailable),
    (503, "etcdserver: no leader", 14, Away),
    (503, "etcdserver: request timed out", 14, Away),
    (503, "etcdserver: leader changed", 14, Away),
    (500, "anything", 13, Away),
    (404, "Not Found", 5, Away),
]


@pytest.mark.parametrize("shape", [older, newer, streamed])
@pytest.mark.parametrize(("status", "text", "code", "kind"), FAULTS)
def test_a_refusal_is_known_by_code_and_sentence(
    status: int, text: str, code: int, kind: type[Unavailable], shape: Any
) -> None:
    error = fault("etcd://h", "kv/txn", status, shape(text, code).encode())

    assert type(error) is kind
    assert str(error).startswith(f"etcd://h: kv/txn: {status} {text}")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"\xff\x00\x1b[2J\nline", b'{"code": {}}', b'{"error": 1}'],
)
def test_a_refusal_of_somebody_else_s_can_be_told(body: bytes) -> None:
    error = fault("etcd://h", "kv/txn", 502, body)

    assert type(error) is Away
    assert str(error).isprintable()


@given(
    st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)), st.data()
)
def test_lines_are_put_together_however_they_are_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    lines = [line for line in lines if line.strip()]
    octets = b"".join(line + b"\n" for line in lines)
    reader, found = Lines(), []
    while octets:
        size = data.draw(st.integers(1, len(octets)))
        found += reader.feed(octets[:size])
        octets = octets[size:]

    assert found == lines


def test_news_of_compaction_and_of_refusal_are_told_apart() -> None:
    lost = read_news({"result": {"canceled": True, "compact_revision": "7"}})
    refused = read_news({"result": {"canceled": True, "cancel_reason": "denied"}})

    assert (lost.lost, lost.refused) == (True, "")
    assert (refused.lost, refused.refused) == (False, "denied")


def test_news_say_how_far_they_go() -> None:
    header = {"cluster_id": "1", "revision": "9"}
    event = {"kv": {"key": "YQ==", "mod_revision": "7"}}

    progress = read_news({"result": {"header": header}})
    change = read_news({"result": {"header": header, "events": [event]}})

    assert progress.seen.revision == 9
    assert change.seen.revision == 7
    assert not change.events[0].deleted


@pytest.mark.parametrize(
    "answer",
    [
        {"result": []},
        {"result": {"events": {}}},
        {"result": {"events": [1]}},
        {"result": {"events": [{"kv": {"key": 7}}]}},
        {"result": {"header": {"revision": "soon"}}},
    ],
)
def test_nonsense_is_told_as_such(answer: dict[str, Any]) -> None:
    with pytest.raises(wire.Nonsense):
        read_news(answer)
