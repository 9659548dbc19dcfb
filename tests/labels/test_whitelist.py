from collections.abc import Callable

import pytest

from registrator.labels import whitelist
from registrator.labels.whitelist import Refused

NAMES = ["a", "A-b_c.9", "redis.0", "_http", "a" * 63, f"{'a' * 63}.{'b' * 63}"]
BAD_NAMES = ["", ".", "..", "a..b", ".a", "a.", "a b", "a/b", "a\nb", "a\n", "é", "a:b"]
BAD_NAMES += ["a" * 64, ".".join(["a" * 31] * 5), "%", "a\0"]
IDS = ["a", "host:web.1:80:udp", "w-1", "a@b+c", "a" * 255]
BAD_IDS = ["", ".", "..", "a/b", "../x", "a b", "a\n", "a" * 256, "é", "a?b", "a%2f"]
ADDRESSES = ["10.0.0.1", "fd00::1", "127.0.0.1", "::1", "169.254.1.1"]
BAD_ADDRESSES = ["::ffff:0.0.0.0", "fe80::1%" + "x" * 60]
BAD_ADDRESSES += ["", "0.0.0.0", "::", "0:0::0", "host", "10.0.0.256", "10.0.0.1\n"]
BAD_ADDRESSES += [
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "10.0.0.1/24",
    "\N{FULLWIDTH DIGIT ONE}0.0.0.1",
]


@pytest.mark.parametrize("text", NAMES)
def test_a_name_passes(text: str) -> None:
    assert whitelist.service_name(text) == text


@pytest.mark.parametrize("text", IDS)
def test_an_id_passes(text: str) -> None:
    assert whitelist.service_id(text) == text


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_passes(text: str) -> None:
    assert whitelist.address(text) == text


def test_an_address_is_written_in_one_way() -> None:
    assert whitelist.address("FD00:0:0::0001") == "fd00::1"
    assert whitelist.address("::ffff:10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize("number", [1, 65535])
def test_a_port_passes(number: int) -> None:
    assert whitelist.port(number) == number


def test_tags_pass_as_they_are() -> None:
    tags = (" d ", "a=b", "é", "x" * 1024, "a,b", "a")

    assert whitelist.tags((*tags, "a")) == (*tags, "a")


def test_metadata_passes_sorted() -> None:
    passed = whitelist.metadata({"b": "x" * 512, "a-1_": "", "0": "é"})

    assert list(passed.items()) == [("0", "é"), ("a-1_", ""), ("b", "x" * 512)]


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        *((whitelist.service_name, text) for text in BAD_NAMES),
        *((whitelist.service_id, text) for text in BAD_IDS),
        *((whitelist.address, text) for text in BAD_ADDRESSES),
        *((whitelist.port, number) for number in (-1, 0, 65536)),
        (whitelist.tags, ("a\n",)),
        (whitelist.tags, ("a\x1b[2J",)),
        (whitelist.tags, ("\ud800",)),
        (whitelist.tags, ("x" * 1025,)),
        (whitelist.tags, ("é" * 513,)),
        (whitelist.tags, ("\N{RIGHT-TO-LEFT OVERRIDE}",)),
        (whitelist.tags, ("a",) * 101),
        (whitelist.metadata, {"": ""}),
        (whitelist.metadata, {"a.b": ""}),
        (whitelist.metadata, {"a b": ""}),
        (whitelist.metadata, {"é": ""}),
        (whitelist.metadata, {"a" * 129: ""}),
        (whitelist.metadata, {"consul-x": ""}),
        (whitelist.metadata, {"registrator-owner": "another"}),
        (whitelist.metadata, {"a": "x" * 513}),
        (whitelist.metadata, {"a": "é" * 257}),
        (whitelist.metadata, {"a": "\r\n"}),
        (whitelist.metadata, {"a": "\udfff"}),
        (whitelist.metadata, {f"k{number}": "" for number in range(49)}),
    ],
)
def test_what_is_not_listed_is_refused(
    check: Callable[[object], object], bad: object
) -> None:
    with pytest.raises(Refused) as refused:
        check(bad)

    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("text", ["", "0", "f", "F", "false", "FALSE", "No", "off"])
def test_a_switch_stays_off(text: str) -> None:
    assert not whitelist.is_on(text)


@pytest.mark.parametrize("text", ["1", "true", "T", "yes", "on", "please", " "])
def test_a_switch_is_on(text: str) -> None:
    assert whitelist.is_on(text)
