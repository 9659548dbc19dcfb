from pathlib import Path

import pytest

from certificates import Authority
from registrator.backend import Site
from registrator.errors import ConfigError
from registrator_backends.etcd import EtcdBackend
from registrator_backends.etcd.backend import read
from registrator_backends.etcd.uri import read_address

PLACES = [
    ("etcd://10.0.0.1:2379/services", ["http://10.0.0.1:2379"], "services"),
    ("etcd://h", ["http://h:2379"], ""),
    ("etcd:", ["http://127.0.0.1:2379"], ""),
    ("etcd:///a/b/", ["http://127.0.0.1:2379"], "a/b"),
    ("etcd://a:1,[fd00::1]:3/x", ["http://a:1", "http://[fd00::1]:3"], "x"),
    ("etcds://a,b", ["https://a:2379", "https://b:2379"], ""),
    ("etcd://a?tls", ["https://a:2379"], ""),
    ("etcd://a?tls=true", ["https://a:2379"], ""),
    ("etcd://a?tls=false", ["http://a:2379"], ""),
    ("etcd://a/caf%C3%A9%20x", ["http://a:2379"], "café x"),
]


@pytest.mark.parametrize(("uri", "bases", "path"), PLACES)
def test_a_cluster_is_found_by_its_uri(uri: str, bases: list[str], path: str) -> None:
    address = read_address(uri, {})

    assert [str(place.base) for place in address.places] == bases
    assert address.path == path


@pytest.mark.parametrize(
    ("uri", "prefix", "format_"),
    [
        ("etcd://h", "/", "plain"),
        ("etcd://h/services", "/services/", "plain"),
        ("etcd://h/a/b?format=json", "/a/b/", "json"),
    ],
)
def test_the_path_says_where_services_lie(uri: str, prefix: str, format_: str) -> None:
    _, layout = read(uri, {}, node="here")

    assert (layout.prefix, layout.format) == (prefix, format_)


MISTAKES = [
    ("etcd://h:99999", {}, ["etcd://h:99999: 99999 is no port"]),
    ("etcd://h:port/x", {}, ["not host:port"]),
    ("etcd://a,a", {}, ["twice"]),
    ("etcd://a b", {}, ["not a host name"]),
    ("etcd://h?format=xml", {}, ["option format is plain or json"]),
    ("etcd://h/a%00b", {}, ["the prefix cannot be printed"]),
    ("etcd://h?prefix=x", {}, ["unknown option 'prefix'"]),
    ("etcd://h?tls=maybe", {}, ["option tls is neither"]),
    ("etcds://h?tls=false", {}, ["etcds:// is TLS, always"]),
    ("etcd://h?ca=/x&key=/z", {}, ["option ca needs", "option key needs"]),
    ("etcds://h?ca=/nowhere", {}, ["/nowhere: No such file"]),
    ("etcds://h?cert=/nowhere", {}, ["goes with its key", "/nowhere: No such file"]),
    ("etcds://h", {"ETCDCTL_CACERT": "/nowhere"}, ["/nowhere: No such file"]),
    ("etcds://h", {"ETCDCTL_INSECURE_SKIP_TLS_VERIFY": "?"}, ["_VERIFY: neither"]),
    ("etcd://h?token_file=", {}, ["option token_file is empty"]),
    ("etcd://h?token_file=/nowhere", {}, ["the token in /nowhere: No such file"]),
    ("etcd://me@h?password_file=/nowhere", {}, ["the password in /nowhere: No such"]),
    ("etcd://h?password_file=/nowhere", {}, ["the password in", "without a user"]),
    ("etcd://me:x@h?password_file=/nowhere", {}, ["and in a file", "password in"]),
    ("etcd://me@h?token_file=/nowhere", {}, ["one of the two", "the token in"]),
    ("etcd://h:0?tls=1&tls=2&token=x", {}, ["0 is no", "twice", "option 'token'"]),
    (
        "etcds://h?tls=x&cert=/nowhere&token_file=/nowhere",
        {"ETCDCTL_CACERT": "/elsewhere"},
        ["the token in /nowhere", "option tls is neither"],
    ),
]


@pytest.mark.parametrize(("uri", "environment", "expected"), MISTAKES)
def test_every_mistake_is_told_at_once(
    uri: str, environment: dict[str, str], expected: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        EtcdBackend.from_uri(uri, Site(node="here", environment=environment))

    told = caught.value.problems
    assert len(told) == len(expected), told
    for part in expected:
        assert any(part in problem for problem in told), (part, told)


LOGINS = [
    ("etcd://h", {}, "", ""),
    ("etcd://me:secret@h", {}, "me", "secret"),
    ("etcd://me:s%40cr%C3%A9t@h", {}, "me", "s@crét"),
    ("etcd://me@h", {"ETCDCTL_PASSWORD": "pass word"}, "me", "pass word"),
    ("etcd://h", {"ETCDCTL_USER": "me:se:cret"}, "me", "se:cret"),
    ("etcd://h", {"ETCDCTL_USER": "me", "ETCDCTL_PASSWORD": "x"}, "me", "x"),
    ("etcd://me:secret@h", {"ETCDCTL_USER": "you:other"}, "me", "secret"),
]


@pytest.mark.parametrize(("uri", "environment", "user", "password"), LOGINS)
def test_who_we_are_is_in_the_uri_or_in_etcdctl_s_variables(
    uri: str, environment: dict[str, str], user: str, password: str
) -> None:
    login = read_address(uri, environment).login

    assert (login.user, login.password.current()) == (user, password)


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("pässword \n")

    address = read_address(
        f"etcd://me@h?password_file={file}", {"ETCDCTL_PASSWORD": "x"}
    )

    assert address.login.password.current() == "pässword "


def test_a_token_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("token.9\n")

    login = read_address(f"etcd://h?token_file={file}", {"ETCDCTL_USER": "me:x"}).login

    assert (login.user, login.token.current()) == ("", "token.9")


def test_a_token_that_no_header_can_carry_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("two words")

    with pytest.raises(ConfigError, match="no HTTP header can carry"):
        read_address(f"etcd://h?token_file={file}", {})


def test_certificates_come_from_options_or_from_etcdctl_s_variables(
    tmp_path: Path,
) -> None:
    files = Authority(tmp_path).issue("client")
    environment = {"ETCDCTL_CERT": str(files.cert), "ETCDCTL_KEY": str(files.key)}

    (place,) = read_address(f"etcds://h?ca={files.ca}", environment).places

    assert place.tls is not None
    assert len(place.tls.get_ca_certs()) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "etcd://me:hidden@h:port",
        "etcd://me:hid/den@h:99999",
        "etcd://me:hidden@h?format=hidden",
        "etcd://me:hidden@h?token_file=",
        "etcds://me:hidden@h?tls=hidden",
    ],
)
def test_a_password_is_never_told(uri: str) -> None:
    environment = {"ETCDCTL_USER": "me:hidden", "ETCDCTL_PASSWORD": "hidden"}

    with pytest.raises(ConfigError) as caught:
        EtcdBackend.from_uri(uri, Site(node="here", environment=environment))

    assert "hid" not in str(caught.value)
    assert "den" not in str(caught.value)


def test_nothing_secret_is_in_the_representation() -> None:
    address = read_address("etcd://me:hidden@a,b/x?tls", {})

    assert "hidden" not in repr(address)
    assert address.uri == "etcd://a:2379,b:2379/x"
