"""The URI: what is read, and every mistake at once, without any secret."""

from pathlib import Path

import pytest

from registrator.errors import ConfigError, Rejected
from registrator_backends.zookeeper.acl import Grant, needs_login, read_acl
from registrator_backends.zookeeper.uri import ZooKeeperAddress, read_address
from samples import web


def read(uri: str, **environment: str) -> ZooKeeperAddress:
    return read_address(uri, environment)


def mistakes(uri: str, **environment: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        read(uri, **environment)
    return raised.value.problems


def test_an_ensemble_is_named_by_all_its_servers() -> None:
    address = read("zookeeper://zk1,zk2:2182,[fd00::1]/services/web%20shop/")

    servers = "zk1:2181,zk2:2182,[fd00::1]:2181"
    assert address.uri == f"zookeeper://{servers}/services/web shop"
    assert ",".join(str(each) for each in address.servers) == servers
    assert (address.chroot, address.base) == ("", "/services/web shop")
    assert address.format == "registrator"


def test_what_is_left_out_is_this_host_and_the_root() -> None:
    address = read("zookeeper:")

    assert (address.uri, address.base) == ("zookeeper://127.0.0.1:2181", "")


def test_a_chroot_stands_in_front_of_the_base() -> None:
    address = read("zookeeper://h/services?chroot=/prod/eu/&format=nerve")

    assert (address.chroot, address.base) == ("/prod/eu", "/prod/eu/services")
    assert address.format == "nerve"


def test_services_may_say_themselves_where_they_are() -> None:
    address = read("zookeeper://h/?format=nerve&paths&instance=i-1&chroot=/prod")

    found = address.directory(web("a", name="web", path="/nerve/web/services"))

    assert (address.deep, address.instance) == (True, "i-1")
    assert found == "/prod/nerve/web/services"


@pytest.mark.parametrize("path", ["", "/", "/a//b", "/a/../b", "/zookeeper/a", "a"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    address = read("zookeeper://h/?format=nerve&paths")

    with pytest.raises(Rejected, match="cannot be that of a znode here"):
        address.directory(web("a", path=path))


def test_an_option_that_means_nothing_there_is_a_mistake() -> None:
    assert mistakes("zookeeper://h/x?paths&instance=i") == (
        "zookeeper://h:2181/x: option instance is for format=nerve",
        "zookeeper://h:2181/x: option paths has no value, and stands for any path",
    )


@pytest.mark.parametrize(
    ("uri", "environment", "expected"),
    [
        ("zookeeper://h", {}, ("", "", "digest")),
        ("zookeeper://ann:a%40b@h", {}, ("ann", "a@b", "digest")),
        ("zookeeper://ann:x@h?auth=sasl", {}, ("ann", "x", "sasl")),
        ("zookeeper://h", {"ZOOKEEPER_AUTH": "bob:a:b"}, ("bob", "a:b", "digest")),
        ("zookeeper://ann:x@h", {"ZOOKEEPER_AUTH": "bob:y"}, ("ann", "x", "digest")),
    ],
)
def test_a_user_stands_in_the_uri_or_the_environment(
    uri: str, environment: dict[str, str], expected: tuple[str, str, str]
) -> None:
    login = read(uri, **environment).login

    assert (login.user, login.password.current(), login.by) == expected


@pytest.mark.parametrize("user", ["ann@", ""])
def test_a_password_may_stand_in_a_file(tmp_path: Path, user: str) -> None:
    file = tmp_path / "password"
    file.write_text("top secret\n")

    address = read(
        f"zookeeper://{user}h?password_file={file}", ZOOKEEPER_AUTH="ann:other"
    )

    assert address.login.user == "ann"
    assert address.login.password.current() == "top secret"


@pytest.mark.parametrize(
    ("uri", "environment", "encrypted"),
    [
        ("zookeeper://h", {}, False),
        ("zookeeper://h?tls", {}, True),
        ("zookeeper://h?tls=true&server_name=zk", {}, True),
        ("zookeeper://h", {"ZOOKEEPER_TLS": "1"}, True),
        ("zookeeper://h?tls=false", {"ZOOKEEPER_TLS": "true"}, False),
    ],
)
def test_tls_is_asked_for(
    uri: str, environment: dict[str, str], encrypted: bool
) -> None:
    (server,) = read(uri, **environment).servers

    assert (server.tls is not None) == encrypted


WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "a port": ("zookeeper://h:99999/x", ("99999 is no port",)),
    "a server twice": ("zookeeper://h,h:2181", ("stands there twice",)),
    "a path that climbs": (
        "zookeeper://h/a/../b",
        ("the path: 'a/../b' cannot be the path of a znode",),
    ),
    "an empty part": ("zookeeper://h/a//b", ("cannot be the path of a znode",)),
    "the index": ("zookeeper://h/registrator.owners", ("holds something else",)),
    "ZooKeeper's own": ("zookeeper://h/zookeeper", ("holds something else",)),
    "a format": (
        "zookeeper://h?format=consul",
        ("unknown format 'consul' (known: registrator, nerve, serverset, curator)",),
    ),
    "an option": ("zookeeper://h?base=/x", ("unknown option 'base'",)),
    "an option twice": ("zookeeper://h?chroot=/a&chroot=/b", ("given twice",)),
    "empty options": (
        "zookeeper://h?format=&chroot=&password_file=",
        (
            "option format is empty",
            "option chroot is empty",
            "option password_file is empty",
        ),
    ),
    "certificates without TLS": (
        "zookeeper://h?ca=/x&cert=/y",
        ("option ca needs TLS: ?tls", "option cert needs TLS: ?tls"),
    ),
    "a server name that is none": (
        "zookeeper://h?tls&server_name=a%00",
        ("option server_name: not a host name",),
    ),
    "tls in other words": ("zookeeper://h?tls=perhaps", ("neither true nor false",)),
    "files that are not there": (
        "zookeeper://ann@h?tls&ca=/no/ca&cert=/no/cert&key=/no/key&password_file=/no/pw",
        (
            "the password in /no/pw: No such file or directory",
            "/no/ca: No such file or directory",
            "/no/cert: No such file or directory",
            "/no/key: No such file or directory",
        ),
    ),
    "a way without a user": ("zookeeper://h?auth=sasl", ("but no user",)),
    "a way that is none": ("zookeeper://ann:x@h?auth=kerberos", ("unknown auth",)),
    "two passwords": (
        "zookeeper://ann:x@h?password_file=/dev/null",
        (
            "the password stands there and in a file",
            "the password in /dev/null: it is empty",
        ),
    ),
    "a right for nobody": ("zookeeper://h?acl=creator", ("to nobody's user",)),
    "an acl that is none": (
        "zookeeper://h?acl=x,world:anyone:rz,world:me:r,ip::r",
        (
            "option acl: an entry is not scheme:id:permissions",
            "option acl: the permissions of world are not letters of cdrwa",
            "option acl: world is followed by no id that it knows",
            "option acl: ip is followed by no id that it knows",
        ),
    ),
    "everything at once": (
        "zookeeper://h/a//b?format=x&chroot=..&acl=x",
        ("option chroot: '..'", "the path: 'a//b'", "unknown format", "option acl"),
    ),
}


@pytest.mark.parametrize(("uri", "told"), WRONG.values(), ids=WRONG)
def test_all_mistakes_are_told_at_once(uri: str, told: tuple[str, ...]) -> None:
    found = mistakes(uri)

    assert len(found) == len(told), found
    for text, problem in zip(told, found, strict=True):
        assert text in problem


def test_no_secret_stands_in_a_message() -> None:
    told = mistakes(
        "zookeeper://ann:topsecret@h:0/a//b?auth=topsecre&acl=digest:ann:topsecret"
    )
    also = mistakes("zookeeper://ann:topsecret@h/a//b?acl=digest:ann:topsecret=")

    assert "topsecret" not in "".join((*told, *also))


def test_no_secret_stands_in_an_address() -> None:
    address = read("zookeeper://ann:topsecret@h?acl=digest:ann:topsecret:r&tls")

    assert "topsecret" not in repr(address)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("world:anyone:r", [("world", "anyone", "r")]),
        ("open", [("world", "anyone", "cdrwa")]),
        ("creator", [("auth", "", "cdrwa")]),
        (
            "sasl:ann:cdrwa,ip:fd00::/8:r",
            [("sasl", "ann", "cdrwa"), ("ip", "fd00::/8", "r")],
        ),
        ("digest:ann:q1b+=:rw", [("digest", "ann:q1b+=", "rw")]),
    ],
)
def test_an_acl_is_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert read_acl(text) == tuple(
        Grant(scheme=scheme, who=who, permissions=letters)
        for scheme, who, letters in expected
    )


def test_an_acl_for_whoever_logs_in_needs_a_login() -> None:
    assert needs_login(read_acl("creator"))
    assert not needs_login(read_acl("open"))
