from typing import Any

import pytest

from registrator.model import Instance
from registrator_dns.refusals import refusals
from samples import web

SUFFIX = len(b"\x03dc1\x06consul\0")
LONGEST = 255 - SUFFIX - len(b"\x07service") - 1


def reasons(**changes: Any) -> list[str]:
    return list(refusals(Instance.of(web(**changes)), SUFFIX))


def name_of(length: int) -> str:
    return ".".join(["x" * 59] * 4)[:length]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"address": "fd00::1"},
        {"address": "db.Example.org."},
        {"address": "db_1"},
        {"address": ".".join(["x" * 63] * 3 + ["y" * 61])},
        {"port": 0},
        {"name": "a.B-c_d"},
        {"name": "x" * 63},
        {"name": name_of(LONGEST)},
        {"port": 65_535, "priority": 0, "weight": 65_535},
        {"metadata": {"key with space": "\x00\n\xfc", "k": ""}},
        {"metadata": {"k": "x" * 253}},
        {"tags": ("", "a b", "\x00", "x" * 1000, "b\xfcro", "a..b")},
    ],
)
def test_what_dns_can_say_is_not_refused(changes: dict[str, Any]) -> None:
    assert reasons(**changes) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name '' does not split into labels of 1 to 63 octets"),
        ({"name": "a..b"}, "name 'a..b' does not split into labels"),
        ({"name": "x" * 64}, "does not split into labels of 1 to 63 octets"),
        ({"name": "\ud800"}, r"name '\ud800' does not split into labels"),
        ({"name": "_db._tcp"}, "name '_db._tcp' reads as the _name._proto of RFC 2782"),
        ({"name": name_of(LONGEST + 1)}, "is too long under this domain"),
        ({"address": ""}, "address '' is neither an IP address nor a host's name"),
        ({"address": "fe80::1%eth0"}, "address 'fe80::1%eth0' is neither"),
        ({"address": "10.0.0.1\0"}, r"address '10.0.0.1\x00' is neither"),
        ({"address": "10.0.0.256"}, "address '10.0.0.256' is neither"),
        ({"address": "db example"}, "address 'db example' is neither"),
        ({"address": "db..example"}, "address 'db..example' is neither"),
        ({"address": "b\xfcro.example"}, "address 'b\xfcro.example' is neither"),
        ({"address": f"{'x' * 64}.org"}, "is neither an IP address nor"),
        ({"address": ".".join(["x" * 63] * 4)}, "is neither an IP address nor"),
        ({"address": "\ud800"}, r"address '\ud800' is neither"),
        ({"port": -1}, "port -1 is not from 0 to 65535"),
        ({"port": 65_536}, "port 65536 is not from 0 to 65535"),
        ({"priority": -1}, "priority -1 is not from 0 to 65535"),
        ({"weight": 65_536}, "weight 65536 is not from 0 to 65535"),
        ({"metadata": {"": "x"}}, "metadata key '' is not printable ASCII without ="),
        ({"metadata": {"a=b": "x"}}, "metadata key 'a=b' is not printable ASCII"),
        ({"metadata": {"a\n": "x"}}, r"metadata key 'a\n' is not printable ASCII"),
        ({"metadata": {"\xfc": "x"}}, "metadata key '\xfc' is not printable ASCII"),
        ({"id": "x" * 98_305}, "it is longer than 98304 characters in all"),
        ({"id": "", "tags": ("x" * 49_152, "y" * 49_152)}, "it is longer than 98304"),
        ({"metadata": {"k": "\udcff"}}, "metadata or tags are no text"),
        ({"tags": ("\ud800",)}, "metadata or tags are no text"),
        (
            {"metadata": {str(n): "x" * 250 for n in range(300)}},
            "metadata is longer than 65023 octets in all",
        ),
    ],
)
def test_what_dns_cannot_say_is_refused_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    (found,) = reasons(**changes)

    assert reason in found


def test_all_reasons_are_given_at_once() -> None:
    assert len(reasons(name="", address="", port=-1, metadata={"": "x"})) == 4


def test_a_reason_does_not_repeat_endless_input() -> None:
    long = "x" * 10_000
    endless = reasons(name=long, address=long, metadata={"=" * 10_000: ""})

    assert all(len(reason) < 150 for reason in endless)
