import pytest

from registrator.errors import ConfigError
from registrator.uri import Location, read_location, without_secrets


def read(uri: str) -> Location:
    return read_location(uri, port=2379, options={"format", "ca"})


@pytest.mark.parametrize(
    ("uri", "servers", "path"),
    [
        ("etcd://h", [("h", 2379)], ""),
        ("etcd:", [("127.0.0.1", 2379)], ""),
        ("etcd://", [("127.0.0.1", 2379)], ""),
        ("etcd:///services", [("127.0.0.1", 2379)], "services"),
        ("ETCD://h:1,i:2,10.0.0.1", [("h", 1), ("i", 2), ("10.0.0.1", 2379)], ""),
        ("etcd://[fd00::1]:1,[fd00::2]", [("fd00::1", 1), ("fd00::2", 2379)], ""),
        ("etcd://h/a/b%20c/", [("h", 2379)], "a/b c"),
        ("etcd://h:1/a?format=json#x", [("h", 1)], "a"),
        ("etcd://u:p@h:1/a%40b", [("h", 1)], "a@b"),
    ],
)
def test_servers_and_path_are_found(
    uri: str, servers: list[tuple[str, int]], path: str
) -> None:
    found = read(uri)

    assert found.scheme == "etcd"
    assert list(found.servers) == servers
    assert found.path == path


def test_user_and_password_are_unescaped() -> None:
    found = read("etcd://a%40b:s%3Ae%2Fcret@h")

    assert (found.user, found.password) == ("a@b", "s:e/cret")


def test_people_are_shown_the_place_alone() -> None:
    found = read("etcd://user:secret@h:1,[fd00::1]:2/services?ca=/secret/ca.pem")

    assert found.uri == "etcd://h:1,[fd00::1]:2/services"
    assert "secret" not in repr(found)


def test_options_are_unescaped() -> None:
    assert read("etcd://h?format=a%26b&ca=").options == {"format": "a&b", "ca": ""}


@pytest.mark.parametrize(
    ("uri", "problems"),
    [
        ("etcd://h:port", ["etcd://h:port: not host:port"]),
        ("etcd://h:0", ["etcd://h:0: 0 is no port"]),
        ("etcd://h:65536", ["etcd://h:65536: 65536 is no port"]),
        ("etcd://h:" + "9" * 5000, ["not host:port"]),
        ("etcd://h:" + "9" * 9, ["999999999 is no port"]),
        ("etcd://h/a@b", ["any other @ as %40"]),
        ("etcd://fd00::1:80", ["etcd://fd00::1:80: not host:port"]),
        ("etcd://[fd00", ["etcd://[fd00: not host:port"]),
        ("etcd://a b", ["etcd://a b: not a host name or an address"]),
        ("etcd://[h]", ["etcd://[h]: not a host name or an address"]),
        ("etcd://h,h:2379", ["a server stands there twice"]),
        (
            "etcd://h:x,i:0?a=1&format=x&format=y",
            [
                "not host:port",
                "0 is no port",
                "unknown option 'a'",
                "'format' is given",
            ],
        ),
    ],
)
def test_every_mistake_is_told_at_once(uri: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(uri)

    assert len(caught.value.problems) == len(problems)
    for found, wanted in zip(caught.value.problems, problems, strict=True):
        assert wanted in found


SECRETS = [
    "etcd://user:secret@h:port",
    "etcd://user:sec/secret@h",
    "etcd://user:a?secret@h:1",
    "etcd://secret@h:0?x=secret",
    "etcd://user:secret@a@b c",
    "etcd://:secret@[h?format=1&format=2",
    "etcd://u:a/b:secret#c@h",
]


@pytest.mark.parametrize("uri", SECRETS)
def test_no_mistake_shows_a_secret(uri: str) -> None:
    assert "secret" not in without_secrets(uri)
    with pytest.raises(ConfigError) as caught:
        read(uri)

    assert "secret" not in str(caught.value)
