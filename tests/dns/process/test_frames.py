import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from registrator.fitness import Status
from registrator.model import Instance
from registrator_dns.process import frames
from registrator_dns.process.frames import Garbled
from registrator_dns.process.responder import PAGE
from registrator_dns.refusals import LONGEST

text = some.text(max_size=20)
instances = some.builds(
    Instance,
    id=text,
    name=text,
    address=text,
    port=some.integers(0, 65535),
    transport=some.sampled_from(["tcp", "udp", "sctp"]),
    tags=some.lists(text, max_size=3).map(tuple),
    metadata=some.dictionaries(text, text, max_size=3),
    status=some.sampled_from(Status),
    priority=some.integers(0, 65535),
    weight=some.integers(0, 65535),
    node=text,
    node_address=text,
    container=text,
    image=text,
)


@given(instances)
def test_an_instance_is_read_as_it_was_written(instance: Instance) -> None:
    octets = frames.frame({"instance": frames.written(instance)})
    length = frames.size(octets[: frames.LENGTH])
    said = frames.message(octets[frames.LENGTH :])

    assert length == len(octets) - frames.LENGTH
    assert frames.instance(said["instance"]) == instance


def test_what_is_as_usual_is_not_written() -> None:
    plain = Instance(id="a", name="web", address="10.0.0.1", port=80)

    assert frames.written(plain) == {
        "id": "a",
        "name": "web",
        "address": "10.0.0.1",
        "port": 80,
    }


def test_what_another_version_says_besides_is_left_out() -> None:
    said = {"id": "a", "name": "web", "colour": "red"}

    assert frames.instance(said) == Instance(id="a", name="web", address="", port=0)


@pytest.mark.parametrize("values", [{"status": "odd"}, {"status": ["x"]}, 5])
def test_what_is_no_instance_is_garbled(values: object) -> None:
    with pytest.raises(Garbled):
        frames.instance(values)


@given(some.binary(max_size=60))
def test_any_octets_are_a_message_or_garbled(octets: bytes) -> None:
    try:
        said = frames.message(octets)
    except Garbled:
        return
    assert said == json.loads(octets)


@pytest.mark.parametrize("character", ["\x01", "\N{BEETLE}"])
def test_a_page_of_the_longest_instances_is_no_such_frame(character: str) -> None:
    longest = Instance(id=character * LONGEST, name="web", address="10.0.0.1", port=80)
    told = {f"{character * (32 * 1024)}{n}": longest for n in range(PAGE)}
    octets = frames.frame(
        {"instances": {k: frames.written(i) for k, i in told.items()}}
    )

    assert frames.size(octets[: frames.LENGTH]) == len(octets) - frames.LENGTH


def test_no_frame_is_waited_for_that_is_absurdly_large() -> None:
    with pytest.raises(Garbled):
        frames.size(b"\xff" * frames.LENGTH)
