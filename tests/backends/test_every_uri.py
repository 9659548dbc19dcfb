"""Whatever stands in a URI: it is read, or its mistakes are told."""

from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certificates import Authority
from registrator import stores
from registrator.backend import Backend, Site
from registrator.errors import ConfigError

KINDS: dict[str, type[Backend[Any]]] = {
    entry.name: entry.load() for entry in entry_points(group=stores.GROUP)
}
OPTIONS = (
    *("tls", "ca", "cert", "key", "server_name", "format", "chroot", "acl", "auth"),
    *("password_file", "token_file", "poll", "unknown"),
)
WORDS = (
    *("", "true", "0", "json", "nerve", "sasl", "digest", "world:anyone:r", "0.5"),
    *("/", "/dev/null", "/missing", "%00", "%ff", "%ed%a0%80", "a/" * 300),
)
anything = st.text(st.characters(codec=None), max_size=12)
words = st.sampled_from(WORDS) | anything
pairs = st.lists(st.tuples(st.sampled_from(OPTIONS), words), max_size=4)


@pytest.mark.parametrize("scheme", KINDS)
@given(
    login=st.sampled_from(["", "me@", "me:secret@"]) | anything,
    host=st.sampled_from(["h", "h:1,i", "[::1]:2", "", "/run/x.sock:"]) | anything,
    path=words,
    options=pairs,
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_uri_is_read_or_its_mistakes_are_told(
    scheme: str, login: str, host: str, path: str, options: list[tuple[str, str]]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in options)
    uri = f"{scheme}://{login}{host}/{path}?{query}"

    with suppress(ConfigError):
        KINDS[scheme].from_uri(uri, Site(node="here"))


NO_FILES = ["%00", "%ed%a0%80", "\ud800", "/", "/missing", "/dev/null"]


@pytest.mark.parametrize("name", NO_FILES, ids=ascii)
@pytest.mark.parametrize(
    "uri",
    [
        "etcds://h?ca=FILE",
        "etcds://h?cert=FILE&key=FILE",
        "etcd://me@h?password_file=FILE",
        "etcd://h?token_file=FILE",
        "eurekas://h?ca=FILE",
        "eureka://me@h?password_file=FILE",
        "consul-tls://h?cert=FILE&key=FILE",
        "consul://h?token_file=FILE",
        "consulkv-tls://h?ca=FILE",
        "zookeeper://h?tls&ca=FILE",
        "zookeeper://me@h?password_file=FILE",
    ],
)
def test_what_is_no_file_of_ours_is_told(uri: str, name: str) -> None:
    with pytest.raises(ConfigError):
        stores.make([uri.replace("FILE", name)], Site(node="here"))


def test_a_path_that_the_index_cannot_name_is_told() -> None:
    with pytest.raises(ConfigError, match="too long for the index"):
        stores.make([f"zookeeper://h/{'a/' * 300}"], Site(node="here"))


def test_the_mistakes_of_all_registries_are_told_at_once(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue("client")
    wrong = [
        f"consul-tls://h?cert={files.cert}&key={tmp_path}/missing.key",
        "consulkv://h?format=xml",
        "etcd://h?token_file=/missing/token",
        f"etcds://h?ca={files.key}",
        "skydns2://h/no..domain",
        "zookeeper://h?format=xml",
        "eureka://h?poll=often",
        "nonsense://h",
    ]

    with pytest.raises(ConfigError) as caught:
        stores.make(wrong, Site(node="here"))

    told = caught.value.problems
    assert len(told) == len(wrong)
    assert "missing.key: No such file" in told[0]
    assert "/missing/token: No such file" in told[2]
