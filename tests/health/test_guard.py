"""Where a check may go, and where a redirect may lead it."""

from ipaddress import ip_network

import pytest
from yarl import URL

from registrator.health.guard import Barred, Place, follow, place

OWN = frozenset({("0.0.0.0", 53), ("127.0.0.1", 2375), ("10.0.0.1", 8080), ("::", 54)})
HERE = URL("http://10.0.0.1:8080/deep/health?full=1")


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("10.0.0.1:80", "10.0.0.1", 80),
        ("127.0.0.1:65535", "127.0.0.1", 65535),
        ("[2001:db8::1]:80", "2001:db8::1", 80),
        ("[2001:DB8:0::1]:80", "2001:db8::1", 80),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1", 80),
        ("[fd00:ec2::1]:80", "fd00:ec2::1", 80),
    ],
)
def test_a_service_may_be_reached(target: str, host: str, port: int) -> None:
    assert place(target) == Place(host, port)


def test_a_place_is_written_as_it_was_read() -> None:
    assert str(place("10.0.0.1:80")) == "10.0.0.1:80"
    assert str(place("[2001:db8::1]:80")) == "[2001:db8::1]:80"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "no IP address"),
        ("10.0.0.1", "no IP address"),
        ("web.example.org:80", "no IP address"),
        ("localhost:80", "no IP address"),
        ("2001:db8::1:80", "no IP address"),
        ("[10.0.0.1]:80", "no IP address"),
        ("127.1:80", "no IP address"),
        ("2130706433:80", "no IP address"),
        ("0x7f.0.0.1:80", "no IP address"),
        ("010.0.0.1:80", "no IP address"),
        ("10.0.0.1\n:80", r"10\.0\.0\.1\\n:80 is no IP address"),
        ("10.0.0.1:", "no port"),
        ("10.0.0.1:0", "no port"),
        ("10.0.0.1:65536", "no port"),
        ("10.0.0.1:-1", "no port"),
        ("10.0.0.1:٨٠", "no port"),
        ("10.0.0.1:" + "1" * 5000, "no port"),
    ],
)
def test_what_is_no_place_is_told(target: str, why: str) -> None:
    with pytest.raises(Barred, match=why):
        place(target)


SECRETS = [
    "169.254.169.254:80",
    "169.254.0.1:80",
    "[::ffff:169.254.169.254]:80",
    "[::ffff:a9fe:a9fe]:80",
    "[fe80::1]:80",
    "[fe80::1%eth0]:80",
    "[fd00:ec2::254]:80",
    "[fd20:ce::254]:80",
    "100.100.100.200:80",
    "168.63.129.16:80",
]


@pytest.mark.parametrize("target", SECRETS)
def test_where_clouds_keep_secrets_is_refused(target: str) -> None:
    with pytest.raises(Barred, match=r"is refused: .*-check-allow"):
        place(target)


@pytest.mark.parametrize("target", SECRETS)
def test_an_operator_may_allow_it(target: str) -> None:
    anywhere = [ip_network("0.0.0.0/0"), ip_network("::/0")]

    assert place(target, allowed=anywhere).port == 80


def test_what_an_operator_allows_is_no_more_than_that() -> None:
    allowed = [ip_network("169.254.7.0/24")]

    assert place("169.254.7.1:80", allowed=allowed).port == 80
    with pytest.raises(Barred):
        place("169.254.169.254:80", allowed=allowed)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("0.0.0.0:80", "no host's address"),
        ("0.1.2.3:80", "no host's address"),
        ("[::]:80", "no host's address"),
        ("[::ffff:0.0.0.0]:80", "no host's address"),
        ("224.0.0.1:80", "multicast"),
        ("239.255.255.255:80", "multicast"),
        ("[ff02::1]:80", "multicast"),
        ("255.255.255.255:80", "broadcast"),
    ],
)
def test_what_is_no_single_host_is_refused_whatever_is_allowed(
    target: str, why: str
) -> None:
    with pytest.raises(Barred, match=why):
        place(target, allowed=[ip_network("0.0.0.0/0"), ip_network("::/0")])


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:2375",
        "[::ffff:127.0.0.1]:2375",
        "10.0.0.1:8080",
        "127.0.0.1:53",
        "127.9.9.9:53",
        "[::1]:53",
        "[::1]:54",
    ],
)
def test_where_the_daemon_and_the_engine_listen_is_refused(target: str) -> None:
    with pytest.raises(Barred, match="registrator or its engine is there"):
        place(target, own=OWN)


@pytest.mark.parametrize(
    "target", ["127.0.0.1:2376", "127.0.0.2:2375", "10.0.0.2:53", "10.0.0.2:8080"]
)
def test_what_is_beside_it_may_be_reached(target: str) -> None:
    assert str(place(target, own=OWN)) == target


def test_what_listens_at_a_name_is_met_nowhere() -> None:
    assert place("127.0.0.1:80", own=[("engine.example.org", 80)]).port == 80


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/login", "http://10.0.0.1:8080/login"),
        ("ready", "http://10.0.0.1:8080/deep/ready"),
        ("?full=2", "http://10.0.0.1:8080/deep/health?full=2"),
        ("//10.0.0.1:8080/x", "http://10.0.0.1:8080/x"),
        ("http://10.0.0.1:8080/x", "http://10.0.0.1:8080/x"),
        ("https://10.0.0.1:8080/x", "https://10.0.0.1:8080/x"),
    ],
)
def test_a_redirect_to_where_it_came_from_is_followed(
    location: str, leads: str
) -> None:
    assert str(follow(HERE, location)) == leads


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://10.0.0.1:8081/x", r"to http://10\.0\.0\.1:8081/x, which is not"),
        ("http://10.0.0.1/x", r"to http://10\.0\.0\.1/x, which is not"),
        ("//10.0.0.2:8080/x", r"to http://10\.0\.0\.2:8080/x, which is not"),
        (
            "http://169.254.169.254/latest/meta-data/?token=secret",
            r"to http://169\.254\.169\.254/latest/meta-data/, which is not",
        ),
        ("http://me:secret@10.0.0.1:8080/x", r"to http://10\.0\.0\.1:8080/x, which"),
        ("http://:secret@10.0.0.1:8080/x", r"to http://10\.0\.0\.1:8080/x, which"),
        ("http://example.org/", r"to http://example\.org/, which is not"),
        ("file:///etc/passwd", "to file:, which is no HTTP"),
        ("javascript:alert(1)", "to javascript:, which is no HTTP"),
        ("http://10.0.0.1:99999/", "no URL"),
        ("http://[::1/", "no URL"),
    ],
)
def test_any_other_is_not_and_it_is_told_where_it_led(location: str, why: str) -> None:
    with pytest.raises(Barred, match=why) as barred:
        follow(HERE, location)

    assert "secret" not in str(barred.value)


def test_a_long_redirect_is_cut() -> None:
    with pytest.raises(Barred) as barred:
        follow(HERE, "http://example.org/" + "a" * 5000)

    assert len(str(barred.value)) < 400
