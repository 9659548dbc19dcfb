import json

import pytest

from registrator_backends.skydns.message import Message, read_message, write_message
from registrator_backends.values import LONGEST

PLAIN = Message(host="10.0.0.1", port=8000)


def test_a_plain_message_is_the_anchors_byte_for_byte() -> None:
    assert write_message(PLAIN) == b'{"host":"10.0.0.1","port":8000}'


def test_the_fields_stand_in_the_order_of_skydns() -> None:
    message = Message(
        host="10.0.0.1",
        port=8000,
        priority=11,
        weight=200,
        text="tag=büro",
        ttl=5,
        group="blue",
        id="here:web.1:80",
    )

    assert write_message(message).decode() == (
        '{"host":"10.0.0.1","port":8000,"priority":11,"weight":200,"text":"tag=büro",'
        '"ttl":5,"group":"blue","id":"here:web.1:80"}'
    )
    assert read_message(write_message(message)) == message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"host": "10.0.0.1", "port": 8000}, PLAIN),
        ({"Host": "10.0.0.1", "PORT": 8000}, PLAIN),
        ({"host": "10.0.0.1", "port": 8000, "text": None, "ttl": None}, PLAIN),
        ({"host": "10.0.0.1", "port": 8000, "priority": 0, "weight": 0}, PLAIN),
        ({"host": "10.0.0.1", "port": 8000, "mail": True, "targetstrip": 1}, PLAIN),
        ({"host": "10.0.0.1", "port": 8000, "id": 7}, PLAIN),
        ({"host": "10.0.0.1"}, Message(host="10.0.0.1")),
        ({"host": "fd00::1"}, Message(host="fd00::1")),
        ({"host": "web.example.com."}, Message(host="web.example.com")),
        ({"host": "x", "priority": 70_000}, Message(host="x", priority=65535)),
        ({"host": "x", "weight": 6_553_500}, Message(host="x", weight=65535)),
        ({"host": "x", "ttl": 3600}, Message(host="x", ttl=3600)),
    ],
)
def test_what_others_write_is_read(said: dict[str, object], message: Message) -> None:
    assert read_message(json.dumps(said).encode()) == message


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"10.0.0.1:80",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"host"',
        b"[" * 100_000,
        b"{}",
        b'{"host":""}',
        b'{"host":1}',
        b'{"host":"a b"}',
        b'{"host":"10.0.0.1:80"}',
        b'{"host":"\\ud800"}',
        b'{"text":"a text alone"}',
        b'{"host":"x","port":"80"}',
        b'{"host":"x","port":80.0}',
        b'{"host":"x","port":true}',
        b'{"host":"x","port":-1}',
        b'{"host":"x","port":65536}',
        b'{"host":"x","weight":-1}',
        b'{"host":"x","priority":1e3}',
        b'{"host":"x","ttl":4294967296}',
        b'{"host":"x","ttl":' + b"9" * 5000 + b"}",
        b'{"host":"x","text":[]}',
        b'{"host":"x","group":{}}',
        b'{"host":"x","text":"' + b"x" * LONGEST + b'"}',
    ],
)
def test_junk_is_no_message(value: bytes) -> None:
    assert read_message(value) is None
