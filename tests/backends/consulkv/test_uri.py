from pathlib import Path

import pytest

from registrator.backend import Site
from registrator.errors import ConfigError
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.uri import read_kv_address

HERE = Site(node="here")


@pytest.mark.parametrize(
    ("given", "shown", "tree"),
    [
        ("consulkv://h:1/services", "consulkv://h:1/services", "services/"),
        ("consulkv://h/a/b/", "consulkv://h:8500/a/b", "a/b/"),
        ("consulkv://h:1", "consulkv://h:1", ""),
        ("consulkv://h:1/", "consulkv://h:1", ""),
        ("consulkv:", "consulkv://127.0.0.1:8500", ""),
        ("consulkv:///services", "consulkv://127.0.0.1:8500/services", "services/"),
        ("consulkv://[fd00::1]:1/x", "consulkv://[fd00::1]:1/x", "x/"),
        ("consulkv://h/a%20b", "consulkv://h:8500/a b", "a b/"),
        ("consulkv-tls://h/x", "consulkv-tls://h:8501/x", "x/"),
        ("consulkv-unix:///c.sock:/x/y", "consulkv-unix:///c.sock:/x/y", "x/y/"),
        ("consulkv-unix:///c.sock:/", "consulkv-unix:///c.sock", ""),
        ("consulkv-unix:///c.sock", "consulkv-unix:///c.sock", ""),
        ("ConsulKV://u:secret@h/x?format=json", "consulkv://h:8500/x", "x/"),
    ],
)
def test_a_uri_names_an_agent_and_a_prefix(given: str, shown: str, tree: str) -> None:
    address = read_kv_address(given, HERE)

    assert address.agent.place.uri == shown
    assert address.layout.tree == tree
    assert ConsulKvBackend.from_uri(given, HERE).uri == shown


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"CONSUL_HTTP_ADDR": "10.0.0.1:1"}, "consulkv://10.0.0.1:1/x"),
        ({"CONSUL_HTTP_ADDR": "http://10.0.0.1:1"}, "consulkv://10.0.0.1:1/x"),
        ({"CONSUL_HTTP_ADDR": "https://10.0.0.1:1"}, "consulkv-tls://10.0.0.1:1/x"),
        ({"CONSUL_HTTP_ADDR": "unix:///c.sock"}, "consulkv-unix:///c.sock:/x"),
        ({"CONSUL_HTTP_SSL": "true"}, "consulkv-tls://127.0.0.1:8501/x"),
    ],
)
def test_the_agent_is_where_consuls_variables_say(
    variables: dict[str, str], shown: str
) -> None:
    site = Site(node="here", environment=variables)

    assert read_kv_address("consulkv:///x", site).agent.place.uri == shown


def test_the_format_and_the_place_of_the_index_are_options() -> None:
    address = read_kv_address("consulkv://h/x?format=json&index=own/place", HERE)

    assert address.format == "json"
    assert address.layout.index_tree == "own/place/here/x%2F/"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("consulkv://h/a//b", ["prefix 'a//b' holds parts that no URL can"]),
        ("consulkv://h/../b", ["prefix '../b' holds parts that no URL can"]),
        ("consulkv://h/a%0Ab", ["prefix 'a\\nb' holds parts that no URL can"]),
        ("consulkv://h/registrator/x", ["lies in the index 'registrator'"]),
        ("consulkv://h/x?index=", ["option index is empty"]),
        ("consulkv://h/x?index=a//b", ["index 'a//b' cannot stand in a URL"]),
        ("consulkv://h/x?format=xml", ["format 'xml' is neither plain nor json"]),
        ("consulkv://h:0/x", ["port 0 cannot be spoken to"]),
        ("consulkv://h:x/x", ["not host:port"]),
        ("consulkv:h:8500", ["write consulkv://host:port"]),
        ("consulkv-unix://c.sock:/x", ["write consulkv-unix:///path.sock:/prefix"]),
        ("consulkv-unix://", ["write consulkv-unix:///path.sock:/prefix"]),
        ("consulkv://h/x?colour=red", ["unknown option 'colour'"]),
        ("consulkv://h/x?ca=/no.pem", ["option ca needs TLS (consulkv-tls://"]),
        ("consulkv-tls://h/x?ca=/no.pem", ["/no.pem: No such file"]),
        ("consulkv://h/x?token_file=/no", ["token file /no: No such file"]),
        (
            "consulkv://h:0/x?token_file=/no&format=",
            ["port 0", "option format is empty"],
        ),
    ],
)
def test_every_mistake_is_told_at_once(given: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        ConsulKvBackend.from_uri(given, HERE)

    assert len(caught.value.problems) == len(told)
    for part, problem in zip(told, caught.value.problems, strict=True):
        assert part in problem


@pytest.mark.parametrize("ttl", [1.0, 9.9, 86401.0, float("inf")])
def test_a_ttl_that_no_session_has_is_told_with_the_other_mistakes(ttl: float) -> None:
    site = Site(node="here", ttl=ttl)

    with pytest.raises(ConfigError) as caught:
        ConsulKvBackend.from_uri("consulkv://h/x?format=xml", site)

    assert len(caught.value.problems) == 2
    assert "Consul's sessions last 10 to 86400 seconds" in caught.value.problems[1]


@pytest.mark.parametrize("ttl", [0.0, 10.0, 86400.0])
def test_a_ttl_that_a_session_may_have_is_taken(ttl: float) -> None:
    backend = ConsulKvBackend.from_uri("consulkv://h", Site(node="here", ttl=ttl))

    assert (backend.refresh_every is None) == (ttl == 0)


def test_no_mistake_shows_a_secret(tmp_path: Path) -> None:
    given = "consulkv://user:hidden@h:x/a//b?format=hidden%20&token_file=/no"

    with pytest.raises(ConfigError) as caught:
        ConsulKvBackend.from_uri(given, HERE)

    assert "user" not in str(caught.value)
    assert "@" not in str(caught.value)
