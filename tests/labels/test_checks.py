import pytest

from labels.making import (
    BRIDGE,
    ID,
    container,
    environment,
    notes,
    refusal,
    rules,
    service,
)
from registrator.check import Check
from registrator.fitness import Status
from registrator.labels import decide
from registrator.model import Binding, Port, Service

AT = "192.168.1.9:8000"


def check(*texts: str) -> Check:
    """The only check that these variables ask for, without SERVICE_CHECK_."""
    (found,) = checks(*texts)
    return found


def checks(*texts: str) -> tuple[Check, ...]:
    return service(*(f"SERVICE_CHECK_{text}" for text in texts)).checks


def refused(*texts: str) -> str:
    return refusal(*(f"SERVICE_CHECK_{text}" for text in texts))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(
            ["HTTP=/health"],
            Check(kind="http", target=f"http://{AT}/health", interval=10),
            id="http",
        ),
        pytest.param(
            ["HTTP=health?a=b"],
            Check(kind="http", target=f"http://{AT}/health?a=b", interval=10),
            id="http without a slash",
        ),
        pytest.param(
            ["HTTP=@elsewhere/"],
            Check(kind="http", target=f"http://{AT}/@elsewhere/", interval=10),
            id="http that would be another host",
        ),
        pytest.param(
            ["HTTPS=/", "TLS_SKIP_VERIFY=true"],
            Check(
                kind="http", target=f"https://{AT}/", interval=10, tls_skip_verify=True
            ),
            id="https",
        ),
        pytest.param(
            ["HTTPS=/", "HTTPS_METHOD=put", "METHOD=get"],
            Check(kind="http", target=f"https://{AT}/", interval=10, method="PUT"),
            id="a method for https",
        ),
        pytest.param(
            ["HTTP=/", "HTTPS_METHOD=put", "METHOD=get"],
            Check(kind="http", target=f"http://{AT}/", interval=10, method="GET"),
            id="a method for every kind",
        ),
        pytest.param(
            ["HTTP=/", "HEADER=Host: a.example", r"HEADERS=X-A:b\,c,X-D: ", "BODY={}"],
            Check(
                kind="http",
                target=f"http://{AT}/",
                interval=10,
                headers=(("Host", "a.example"), ("X-A", "b,c"), ("X-D", "")),
                body="{}",
            ),
            id="headers and a body",
        ),
        pytest.param(["TCP=true"], Check(kind="tcp", target=AT, interval=10), id="tcp"),
        pytest.param(
            ["GRPC=true", "TLS_SKIP_VERIFY=1"],
            Check(kind="grpc", target=AT, interval=10),
            id="grpc",
        ),
        pytest.param(
            ["GRPC=true", "GRPC_USE_TLS=true", "TLS_SKIP_VERIFY=1"],
            Check(kind="grpc", target=AT, interval=10, tls=True, tls_skip_verify=True),
            id="grpc with TLS",
        ),
        pytest.param(
            ["TTL=30s", "INTERVAL=5s", "TIMEOUT=5s"],
            Check(kind="ttl", ttl=30),
            id="ttl",
        ),
        pytest.param(
            ["SCRIPT=nc -z $SERVICE_IP $SERVICE_PORT 'a b' x=$SERVICE_PORT"],
            Check(
                kind="script",
                target=ID,
                command=("nc", "-z", "192.168.1.9", "8000", "a b", "x=8000"),
                interval=10,
            ),
            id="script",
        ),
        pytest.param(
            ["CMD=/bin/check --fast"],
            Check(
                kind="docker",
                target=ID,
                command=("/bin/check", "--fast"),
                interval=10,
            ),
            id="cmd is run in the container",
        ),
        pytest.param(
            ["DOCKER=sh -c 'exit 0'"],
            Check(
                kind="docker", target=ID, command=("sh", "-c", "exit 0"), interval=10
            ),
            id="docker",
        ),
        pytest.param(
            [
                "TCP=1",
                "INTERVAL=1m",
                "TIMEOUT=0.5",
                "INITIAL_STATUS=Warning",
                "DEREGISTER_AFTER=1h",
            ],
            Check(
                kind="tcp",
                target=AT,
                interval=60,
                timeout=0.5,
                initial_status=Status.WARNING,
                deregister_after=3600,
            ),
            id="times and statuses",
        ),
        pytest.param(
            ["TCP=1", "INTERVAL=", "TIMEOUT=0", "DEREGISTER_AFTER=0s"],
            Check(kind="tcp", target=AT, interval=10),
            id="empty and zero times",
        ),
        pytest.param(
            ["TCP=1", "RISE=2", "FALL=100", "DELAY=30s", "INTERVAL=1ns"],
            Check(
                kind="tcp",
                target=AT,
                interval=0.1,
                rise=2,
                fall=100,
                delay=30,
            ),
            id="rise, fall and delay",
        ),
        pytest.param(
            ["HTTP=/", "STATUS=200-299, 401", "EXPECT=ok"],
            Check(
                kind="http",
                target=f"http://{AT}/",
                interval=10,
                statuses=((200, 299), (401, 401)),
                expect="ok",
            ),
            id="the statuses and the text of an answer",
        ),
        pytest.param(
            ["HTTPS=/", "TLS_SERVER_NAME=web.example"],
            Check(
                kind="http",
                target=f"https://{AT}/",
                interval=10,
                server_name="web.example",
            ),
            id="https with another name in the certificate",
        ),
        pytest.param(
            ["TLS=true", "TLS_SERVER_NAME=web.example", "TLS_SKIP_VERIFY=1"],
            Check(
                kind="tls",
                target=AT,
                interval=10,
                server_name="web.example",
                tls_skip_verify=True,
            ),
            id="tls",
        ),
        pytest.param(
            ["GRPC=shop.v1.Cart", "TLS_SERVER_NAME=x"],
            Check(kind="grpc", target=AT, interval=10, asked="shop.v1.Cart"),
            id="a service of a grpc server",
        ),
        pytest.param(["UDP=TRUE"], Check(kind="udp", target=AT, interval=10), id="udp"),
        pytest.param(
            ["UDP=are you there?", "EXPECT=yes"],
            Check(
                kind="udp", target=AT, interval=10, asked="are you there?", expect="yes"
            ),
            id="a question by udp",
        ),
        pytest.param(
            ["DNS=www.example.com."],
            Check(kind="dns", target=AT, interval=10, asked="www.example.com"),
            id="dns",
        ),
        pytest.param(
            ["DNS= _web._tcp.example srv "],
            Check(kind="dns", target=AT, interval=10, asked="_web._tcp.example SRV"),
            id="dns with a type",
        ),
        pytest.param(
            ["REDIS=yes"], Check(kind="redis", target=AT, interval=10), id="redis"
        ),
        pytest.param(
            ["TTL=30s", "RISE=3", "DELAY=1s", "EXPECT=x", "INITIAL_STATUS=warning"],
            Check(kind="ttl", ttl=30, initial_status=Status.WARNING),
            id="ttl has no answers to judge",
        ),
    ],
)
def test_a_check_is_read(texts: list[str], expected: Check) -> None:
    assert check(*texts) == expected


@pytest.mark.parametrize("value", ["", "false", "0", "no", "off", "False"])
@pytest.mark.parametrize("kind", ["TCP", "GRPC", "TLS", "UDP", "DNS", "REDIS"])
def test_a_switch_that_is_off_is_no_check(kind: str, value: str) -> None:
    assert checks(f"{kind}={value}") == ()


def test_options_alone_are_no_check() -> None:
    assert checks("INITIAL_STATUS=passing", "INTERVAL=5s") == ()


ALL_KINDS = ["HTTP=/", "HTTPS=/", "CMD=c", "SCRIPT=s", "TTL=1s", "TCP=1", "GRPC=1"]
ALL_KINDS += ["DOCKER=d", "TLS=1", "UDP=1", "DNS=a", "REDIS=1"]


@pytest.mark.parametrize(
    ("skipped", "expected"),
    [
        (0, "http"),
        (1, "http"),
        (2, "docker"),
        (3, "script"),
        (4, "ttl"),
        (5, "tcp"),
        (6, "grpc"),
        (7, "docker"),
        (8, "tls"),
        (9, "udp"),
        (10, "dns"),
        (11, "redis"),
    ],
)
def test_of_several_kinds_the_first_one_counts(skipped: int, expected: str) -> None:
    assert check(*reversed(ALL_KINDS[skipped:])).kind == expected


def test_several_checks_have_numbers_and_share_what_has_none() -> None:
    found = checks(
        "10_HTTP=/deep",
        "10_TIMEOUT=9s",
        "2_TCP=true",
        "2_INTERVAL=5s",
        "TTL=30s",
        "TIMEOUT=3s",
        "INTERVAL=20s",
    )

    assert [each.kind for each in found] == ["ttl", "tcp", "http"]
    assert [each.interval for each in found] == [None, 5, 20]
    assert [each.timeout for each in found] == [None, 3, 9]


def test_a_numbered_check_does_not_repeat_the_one_without_a_number() -> None:
    assert len(checks("HTTP=/", "2_TIMEOUT=1s")) == 1


def test_a_check_of_one_port_is_not_anothers() -> None:
    assert service("SERVICE_81_CHECK_TCP=1").checks == ()


def test_an_ipv6_address_is_written_in_brackets_but_for_commands() -> None:
    found = service(
        "SERVICE_CHECK_HTTP=/",
        "SERVICE_CHECK_2_TCP=1",
        "SERVICE_CHECK_3_SCRIPT=nc $SERVICE_IP $SERVICE_PORT",
        published={Port(80): (Binding(address="::", port=8000),)},
    )

    web, tcp, script = found.checks
    assert (web.target, tcp.target) == (
        "http://[fd00:1::9]:8000/",
        "[fd00:1::9]:8000",
    )
    assert script.command == ("nc", "fd00:1::9", "8000")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["HTTP=/a b"], "check_http is no path: '/a b'"),
        (["HTTPS=/a\r\nHost: evil"], "check_https is no path"),
        (["HTTP=/\N{SNOWMAN}"], "check_http is no path"),
        (["HTTP=/" + "a" * 1024], "check_http is no path"),
        (["HTTP=/", "METHOD=GET /x"], "the check's method is no word: 'GET /x'"),
        (["HTTP=/", "HEADER=Host"], "check_header is no `Name: value`: 'Host'"),
        (["HTTP=/", "HEADER=A: b\r\nC: d"], "check_header is no `Name: value`"),
        (["HTTP=/", "HEADER=A B: c"], "check_header is no `Name: value`"),
        (["HTTP=/", "BODY=\0"], "check_body is not printable"),
        (["HTTP=/", "BODY=" + "x" * 4097], "check_body is not printable or too long"),
        (["TCP=1", "INTERVAL=soon"], "check_interval is no duration"),
        (["TCP=1", "TIMEOUT=-1s"], "check_timeout is no duration"),
        (["TCP=1", "DEREGISTER_AFTER=1d"], "check_deregister_after is no duration"),
        (["TCP=1", "INITIAL_STATUS=fine"], "not 'fine'"),
        (["TTL=0"], "check_ttl is not longer than nothing"),
        (["TTL=true"], "check_ttl is no duration"),
        (["SCRIPT=echo 'Half"], "the check's command \"echo 'Half\": no closing"),
        (["CMD= "], "the check's command cannot be run: ' '"),
        (["CMD=a 'b\nc'"], "the check's command cannot be run"),
        (["DOCKER=" + "x" * 5000], "the check's command cannot be run"),
        (["TCP=1", "RISE=0"], "check_rise is no number from 1 to 100: '0'"),
        (["TCP=1", "FALL=101"], "check_fall is no number from 1 to 100: '101'"),
        (["TCP=1", "FALL=1.5"], "check_fall is no number"),
        (["TCP=1", "DELAY=later"], "check_delay is no duration"),
        (["UDP=1", "EXPECT=a\0"], "check_expect is not printable"),
        (["DNS=a", "EXPECT=" + "x" * 1025], "check_expect is not printable or too"),
        (["HTTP=/", "STATUS=OK"], "check_status is no list of HTTP statuses"),
        (["HTTP=/", "STATUS=200,"], "check_status is no list"),
        (["HTTP=/", "STATUS=299-200"], "check_status is no list"),
        (["HTTP=/", "STATUS=600"], "check_status is no list"),
        (["HTTP=/", "STATUS=" + "200," * 33], "check_status is no list"),
        (
            ["TLS=1", "TLS_SERVER_NAME=a b"],
            "check_tls_server_name is no name of a host",
        ),
        (["TLS=1", "TLS_SERVER_NAME=" + "a." * 127], "is no name of a host"),
        (["GRPC=a/b"], "check_grpc is neither true nor a service: 'a/b'"),
        (["UDP=a\r\nb"], "check_udp is not printable"),
        (["DNS=true"], "check_dns is no name"),
        (["DNS=a b c"], "check_dns is no name"),
        (["DNS=a AXFR"], "check_dns is no name, or name and type"),
        (["DNS=a..b"], "check_dns is no name of a host"),
        (["TCP=1", "ADDRESS=elsewhere"], "check_address is published, container or an"),
        (["TCP=1", "ADDRESS=0.0.0.0"], "'0.0.0.0' is no address to connect to"),
        ([f"{number}_TCP=1" for number in range(16)], "more than 16 checks"),
    ],
)
def test_a_check_that_cannot_be_read_refuses_its_service(
    texts: list[str], reason: str
) -> None:
    assert reason in refused(*texts)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        pytest.param("INTERVALL=5s", "not known after SERVICE_CHECK_: ", id="a slip"),
        pytest.param(
            "2_EXPECT=a", "", id="nothing is expected of a check that is not there"
        ),
        pytest.param("2_FOO=5s", "'foo'", id="with a number"),
        pytest.param(
            "SCRIPT=nc $SERVICE_IP $SERVICE_PORT | grep OK",
            "no shell runs the check: | is just an argument",
            id="a pipe",
        ),
    ],
)
def test_an_odd_check_is_noted(text: str, note: str) -> None:
    assert note in notes(f"SERVICE_CHECK_{text}")


def test_an_option_that_none_of_the_checks_heeds_is_noted() -> None:
    useless = [f"SERVICE_CHECK_{each}" for each in ("TCP=1", "EXPECT=a", "STATUS=1")]

    assert notes(*useless) == (
        "check_status means nothing to a tcp check; "
        "check_expect means nothing to a tcp check"
    )
    assert notes("SERVICE_CHECK_2_HTTP=/", *useless[:2]) == ""


def test_checks_are_no_metadata() -> None:
    found = service("SERVICE_CHECK_TCP=1", "SERVICE_CHECK_FOO=1", "SERVICE_CHECKED=1")

    assert found.metadata == {"checked": "1"}


def at(service: Service) -> tuple[str, bool]:
    (found,) = service.checks
    return found.target, found.chosen


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("", (AT, False)),
        ("published", (AT, False)),
        ("Container", ("172.17.0.5:80", False)),
        ("172.17.0.5", ("172.17.0.5:8000", False)),
        ("10.1.2.3", ("10.1.2.3:8000", True)),
        ("fd00::7", ("[fd00::7]:8000", True)),
    ],
)
def test_a_check_is_of_the_address_that_is_asked_for(
    place: str, expected: tuple[str, bool]
) -> None:
    found = service("SERVICE_CHECK_TCP=1", f"SERVICE_CHECK_ADDRESS={place}")

    assert at(found) == expected


def test_a_command_knows_the_address_and_is_run_in_the_container() -> None:
    found = service(
        "SERVICE_CHECK_DOCKER=nc $SERVICE_IP $SERVICE_PORT",
        "SERVICE_CHECK_ADDRESS=10.1.2.3",
    )

    assert at(found) == (ID, False)
    assert found.checks[0].command == ("nc", "10.1.2.3", "8000")


def test_on_the_hosts_network_both_places_are_one() -> None:
    for place in ("published", "container"):
        found = service(
            "SERVICE_CHECK_TCP=1",
            f"SERVICE_CHECK_ADDRESS={place}",
            network_mode="host",
            published={},
        )
        assert at(found) == ("192.168.1.9:80", False)


@pytest.mark.parametrize(
    ("place", "changes", "reason"),
    [
        (
            "published",
            {"published": {}, "network_mode": "mynet"},
            "check_address is published: the port is not published",
        ),
        (
            "container",
            {"networks": ()},
            "check_address is container: it has no address of its own on any network",
        ),
    ],
)
def test_a_place_that_is_none_refuses_the_service(
    place: str, changes: dict[str, object], reason: str
) -> None:
    asked = ("SERVICE_CHECK_TCP=1", f"SERVICE_CHECK_ADDRESS={place}")

    assert refusal(*asked, **{"networks": (BRIDGE,), **changes}) == reason


def foreign(*texts: str) -> tuple[Service | None, str, str]:
    """Decide where other packages have the kinds mysql and, wrongly, tcp."""
    made = container(environment=environment(*(f"SERVICE_CHECK_{t}" for t in texts)))
    (found,) = decide(made, rules(check_kinds=frozenset({"mysql", "tcp", "rise"})))
    return found.service, found.reason, "; ".join(found.notes)


def test_a_kind_of_another_package_gets_what_stands_behind_its_name() -> None:
    found, _, noted = foreign(
        "MYSQL=shop", "MYSQL_USER=probe", "MYSQL_DB_2=b", "RISE=2", "2_MYSQL=true"
    )

    assert found is not None
    assert found.checks == (
        Check(
            kind="mysql",
            target=AT,
            interval=10,
            rise=2,
            asked="shop",
            options=(("db_2", "b"), ("user", "probe")),
        ),
        Check(
            kind="mysql",
            target=AT,
            interval=10,
            rise=2,
            options=(("db_2", "b"), ("user", "probe")),
        ),
    )
    assert noted == ""


def test_a_kind_of_another_package_takes_no_word_of_ours() -> None:
    found, _, _ = foreign("TCP=1", "MYSQL=no")

    assert found is not None
    assert [each.kind for each in found.checks] == ["tcp"]


def test_a_kind_of_another_package_can_be_said_no_to() -> None:
    found, _, _ = foreign("MYSQL=no", "MYSQL_USER=probe")

    assert found is not None
    assert found.checks == ()


def test_a_kind_that_no_package_has_is_noted() -> None:
    assert "'mysql, mysql_user'" in notes(
        "SERVICE_CHECK_MYSQL=1", "SERVICE_CHECK_MYSQL_USER=x"
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["MYSQL=a\nb"],
        ["MYSQL=1", "MYSQL_USER=a\0"],
        ["MYSQL=1", "MYSQL_A-B=x"],
        ["MYSQL=1", *(f"MYSQL_{number}=x" for number in range(33))],
    ],
)
def test_what_is_said_to_a_kind_of_another_package_has_bounds(texts: list[str]) -> None:
    found, reason, _ = foreign(*texts)

    assert found is None
    assert "check_" in reason


def test_an_address_without_a_check_is_not_looked_at() -> None:
    assert checks("ADDRESS=nonsense") == ()
