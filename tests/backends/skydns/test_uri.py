from typing import Any

import pytest

from registrator.backend import Site
from registrator.errors import ConfigError
from registrator.stores import make
from registrator_backends.skydns import SkydnsBackend
from registrator_backends.skydns.uri import SkydnsAddress, read_uri

SITE = Site(node="here", address="10.0.0.1")


def read(uri: str, **site: Any) -> SkydnsAddress:
    return read_uri(uri, Site(node="here", **site))


@pytest.mark.parametrize(
    ("uri", "prefix"),
    [
        ("skydns2://h/cluster.local", "/skydns/local/cluster/"),
        ("coredns://h/cluster.local", "/skydns/local/cluster/"),
        ("skydns2://h/Cluster.Local.", "/skydns/local/cluster/"),
        ("skydns2:///local", "/skydns/local/"),
        ("skydns2://h/a_b.c-d", "/skydns/c-d/a_b/"),
        ("skydns2://h/local?path=/dns/tree/", "/dns/tree/local/"),
        ("coredns://h?zone=cluster.local", "/skydns/local/cluster/"),
        ("coredns://h/tree?zone=cluster.local", "/tree/local/cluster/"),
    ],
)
def test_the_uri_says_which_part_of_the_tree_is_ours(uri: str, prefix: str) -> None:
    assert read(uri).layout.prefix == prefix


def test_several_members_may_be_named_and_2379_is_their_port() -> None:
    found = read("skydns2://h1,h2:4001,[fd00::1]/local")

    assert found.address.uri == "skydns2://h1:2379,h2:4001,[fd00::1]:2379/local"


def test_records_are_kept_for_five_seconds_and_pointers_are_wanted() -> None:
    found = read("skydns2://h/local")

    assert found.layout.record_ttl == 5
    assert found.reverse


@pytest.mark.parametrize(
    ("options", "ttl", "reverse"),
    [
        ("record_ttl=0", 0, True),
        ("record_ttl=2147483647", 2147483647, True),
        ("reverse=false", 5, False),
        ("reverse=False&record_ttl=60", 60, False),
        ("reverse", 5, True),
    ],
)
def test_the_options_say_otherwise(options: str, ttl: int, *, reverse: bool) -> None:
    found = read(f"skydns2://h/local?{options}")

    assert (found.layout.record_ttl, found.reverse) == (ttl, reverse)


@pytest.mark.parametrize("scheme", ["skydns2", "coredns"])
def test_tls_is_an_option_of_either_scheme(scheme: str) -> None:
    (plain,) = read(f"{scheme}://h/local").address.places
    (tls,) = read(f"{scheme}://h/local?tls").address.places

    assert (plain.base.scheme, plain.tls) == ("http", None)
    assert tls.base.scheme == "https"
    assert tls.tls is not None


def test_what_was_left_is_ours_only_with_cleanup() -> None:
    assert not read("skydns2://h/local").layout.adopting
    assert read("skydns2://h/local", cleanup=True).layout.adopting


@pytest.mark.parametrize(
    ("uri", "problems"),
    [
        ("skydns2://h", ["a domain is needed, as in skydns2://host:port/domain"]),
        ("skydns2://h/", ["a domain is needed, as in skydns2://host:port/domain"]),
        ("coredns://h?zone=", ["a domain is needed, as in skydns2://host:port/domain"]),
        ("skydns2://h/a/b", ["'a/b' is not a label"]),
        ("skydns2://h/a..b", ["'' is not a label"]),
        ("skydns2://h/any.local", ["'any' asks for every name"]),
        ("skydns2://h/10.in-addr.arpa", ["belongs to the names of addresses"]),
        ("skydns2://h/" + ".".join(["x" * 60] * 3), ["longer than 180 octets"]),
        ("skydns2://h/local?path=", ["'' is no path"]),
        ("skydns2://h/local?path=/", ["'' is no path"]),
        ("skydns2://h/local?path=a//b", ["'a//b' is no path"]),
        ("skydns2://h/local?path=a%20b", ["'a b' is no path"]),
        ("coredns://h/p?zone=local&path=x", ["the path stands behind the hosts"]),
        ("skydns2://h/local?record_ttl=", ["'' is not a number of seconds"]),
        ("skydns2://h/local?record_ttl=-1", ["'-1' is not a number of seconds"]),
        ("skydns2://h/local?record_ttl=2147483648", ["is not a number of seconds"]),
        ("skydns2://h/local?reverse=maybe", ["reverse is neither true nor false"]),
        ("skydns2://h/local?x=1", ["unknown option 'x'"]),
        ("skydns2://h:0/local", ["0 is no port"]),
        (
            "skydns2://h?record_ttl=x&reverse=y&path=",
            ["a domain", "path", "record_ttl", "reverse"],
        ),
    ],
)
def test_every_mistake_is_told_at_once(uri: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        read(uri)

    found = sorted(raised.value.problems)
    assert len(found) == len(problems), found
    assert all(any(each in told for told in found) for each in problems), found


@pytest.mark.parametrize("scheme", ["skydns2", "coredns"])
def test_the_daemon_knows_the_scheme(scheme: str) -> None:
    (backend,) = make([f"{scheme}://user:secret@h:1/local?record_ttl=7"], SITE)

    assert isinstance(backend, SkydnsBackend)
    assert backend.uri == f"{scheme}://h:1/local"
