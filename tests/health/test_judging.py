"""What HTTP answers come to, and how they are shown."""

import pytest

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.judging import judge, verdict

PASSING, WARNING, CRITICAL = Status.PASSING, Status.WARNING, Status.CRITICAL


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (200, PASSING),
        (204, PASSING),
        (299, PASSING),
        (429, WARNING),
        (101, CRITICAL),
        (300, CRITICAL),
        (302, CRITICAL),
        (404, CRITICAL),
        (503, CRITICAL),
    ],
)
def test_consul_s_rule_holds_where_no_status_is_named(
    status: int, found: Status
) -> None:
    assert verdict(Check(kind="http"), status) is found


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (200, PASSING),
        (399, PASSING),
        (401, PASSING),
        (199, CRITICAL),
        (400, CRITICAL),
        (402, CRITICAL),
        (429, CRITICAL),
    ],
)
def test_the_statuses_that_are_named_pass_and_no_others(
    status: int, found: Status
) -> None:
    check = Check(kind="http", statuses=((200, 399), (401, 401)))

    assert verdict(check, status) is found


def shown(body: bytes, phrase: str = "OK", check: Check | None = None) -> str:
    return judge(check or Check(kind="http"), 200, phrase, body).output


def test_the_status_and_the_beginning_of_the_body_are_shown() -> None:
    assert shown(b"all is well") == "200 OK: all is well"
    assert shown(b"") == "200 OK"
    assert shown(b"", phrase="") == "200"
    assert shown(b"x" * 60_000) == "200 OK: " + "x" * 97 + "..."


def test_what_is_shown_is_one_line_that_commands_no_terminal() -> None:
    assert shown(b" a\r\n\r\nb\tc\x00\x1b[31m\xff ", phrase="\x07Fine") == (
        "200 Fine: a b c[31m\N{REPLACEMENT CHARACTER}"
    )


def test_a_text_that_is_wanted_must_be_there() -> None:
    check = Check(kind="http", expect="ready")

    assert judge(check, 200, "OK", b"is ready now").status is PASSING
    lacking = judge(check, 200, "OK", b"is starting")
    assert lacking.status is CRITICAL
    assert lacking.output == "200 OK, without 'ready': is starting"
    assert judge(check, 200, "OK", b"").output == "200 OK, without 'ready'"


def test_a_warning_needs_no_text() -> None:
    check = Check(kind="http", expect="ready")

    assert judge(check, 429, "Too Many Requests", b"later").status is WARNING


def test_what_the_check_sent_is_not_shown_when_it_comes_back() -> None:
    check = Check(
        kind="http",
        headers=(
            ("Host", "web.example"),
            ("Authorization", "Bearer s3cret"),
            ("A", "b"),
        ),
        body="password=hunter2",
    )
    body = b'{"host": "web.example", "auth": "s3cret", "b": "Bearer s3cret", '
    body += b'"body": "password=hunter2"}'

    assert shown(body, check=check) == (
        '200 OK: {"host": "web.example", "auth": "***", "b": "***", "body": "***"}'
    )
