import pytest

from labels.making import ID, notes, refusal, service
from registrator.check import Check
from registrator.fitness import Status
from registrator.model import Binding, Port

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
    ],
)
def test_a_check_is_read(texts: list[str], expected: Check) -> None:
    assert check(*texts) == expected


@pytest.mark.parametrize("value", ["", "false", "0", "no", "off", "False"])
@pytest.mark.parametrize("kind", ["TCP", "GRPC"])
def test_a_switch_that_is_off_is_no_check(kind: str, value: str) -> None:
    assert checks(f"{kind}={value}") == ()


def test_options_alone_are_no_check() -> None:
    assert checks("INITIAL_STATUS=passing", "INTERVAL=5s") == ()


ALL_KINDS = ["HTTP=/", "HTTPS=/", "CMD=c", "SCRIPT=s", "TTL=1s", "TCP=1", "GRPC=1"]


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
    ],
)
def test_of_several_kinds_the_first_one_counts(skipped: int, expected: str) -> None:
    asked = [*ALL_KINDS, "DOCKER=d"][skipped:]

    assert check(*reversed(asked)).kind == expected


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


def test_checks_are_no_metadata() -> None:
    found = service("SERVICE_CHECK_TCP=1", "SERVICE_CHECK_FOO=1", "SERVICE_CHECKED=1")

    assert found.metadata == {"checked": "1"}
