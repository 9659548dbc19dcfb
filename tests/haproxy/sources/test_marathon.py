"""Marathon: which tasks of an app serve, and who is asked for them.

No real one can be installed here: the answers have the form of Marathon's REST API.
"""

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from following import following
from http_answers import Answer, Asked, Fault, HttpAnswers, answering, as_json
from registrator import stores
from registrator.errors import ConfigError
from registrator.fitness import Status
from registrator.readable import Readable, Reading, Site
from registrator_haproxy.sources.marathon_answers import read_apps

SITE = Site(node="here")
GONE = as_json({"message": "App '/web' does not exist"}, 404)


def task(number: int, **more: Any) -> dict[str, Any]:
    return {
        "appId": "/web",
        "id": f"web.{number}",
        "host": f"10.0.0.{number}",
        "ports": [31001, 31002],
        "servicePorts": [10001, 10002],
        "stagedAt": "2016-03-20T16:20:10.231Z",
        "startedAt": "2016-03-20T16:20:11.231Z",
        "state": "TASK_RUNNING",
        "version": "2016-03-20T16:20:00.000Z",
        **more,
    }


def app(*tasks: Any, **more: Any) -> dict[str, Any]:
    return {"id": "/web", "labels": {"tier": "one"}, "tasks": list(tasks), **more}


def says(*tasks: Any, **more: Any) -> Answer:
    return as_json({"app": app(*tasks, **more)})


def source(*servers: HttpAnswers, more: str = "", site: Site = SITE) -> Readable:
    places = ",".join(each.place for each in servers)
    return stores.readable(f"marathon://{places}?poll=0.05{more}", site)


def read(*tasks: Any, index: int = 0, **more: Any) -> Reading:
    return read_apps([app(*tasks, **more)], index, "service")


def test_a_task_that_runs_is_an_instance() -> None:
    [found] = read(task(1), index=1).instances.values()

    assert (found.id, found.name) == ("web.1", "service")
    assert (found.address, found.port, found.node) == ("10.0.0.1", 31002, "10.0.0.1")
    assert (found.status, found.metadata) == (Status.PASSING, {"tier": "one"})


@pytest.mark.parametrize(
    "more",
    [
        {"startedAt": None},
        {"startedAt": ""},
        {"state": "TASK_STAGING"},
        {"state": "TASK_KILLING"},
        {"state": "TASK_UNREACHABLE"},
        {"state": None},
    ],
)
def test_a_task_that_does_not_run_is_none(more: dict[str, Any]) -> None:
    assert read(task(1, **more)) == Reading(instances={})


def test_a_version_that_tells_no_state_is_read() -> None:
    old = {key: each for key, each in task(1).items() if key != "state"}

    assert len(read(old).instances) == 1


def test_a_task_without_such_a_port_is_counted() -> None:
    odd = [
        task(1, ports=[]),
        task(2, ports=None),
        task(3, ports=["x"]),
        task(4, ports=[0]),
        task(5, host="a b"),
        task(6, id=7),
    ]

    found = read(*odd, task(7))

    assert (found.skipped, list(found.instances)) == (len(odd), ["web.7"])


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([{"alive": True}, {"alive": True}], Status.PASSING),
        ([{"alive": True}, {"alive": False}], Status.CRITICAL),
        ([{"alive": "yes"}], Status.CRITICAL),
        ([7], Status.CRITICAL),
        ([], Status.CRITICAL),
        (None, Status.CRITICAL),
    ],
)
def test_health_checks_decide_where_there_are_any(
    results: object, status: Status
) -> None:
    judged = task(1, healthCheckResults=results)

    [found] = read(judged, healthChecks=[{"protocol": "HTTP"}]).instances.values()
    assert found.status is status
    [unjudged] = read(judged, healthChecks=[]).instances.values()
    assert unjudged.status is Status.PASSING


@pytest.mark.parametrize("apps", [None, {}, [{}], [7], [{"tasks": None}]])
def test_what_has_no_tasks_is_refused(apps: object) -> None:
    with pytest.raises(ValueError, match=r"without a list of tasks|no list of apps"):
        read_apps(apps, 0, "")


@pytest.mark.parametrize("name", ["web", "/web"])
async def test_an_app_is_followed(name: str) -> None:
    said = {"": says(task(1))}
    async with (
        answering(lambda _: said[""]) as one,
        source(one) as opened,
        following(opened, name) as seen,
    ):
        await seen.until(lambda: seen.ids == ["web.1"], "the one")
        said[""] = says(task(1), task(2))
        await seen.until(lambda: seen.ids == ["web.1", "web.2"], "both")
        said[""] = GONE
        await seen.until(lambda: seen.ids == [], "an app that is deleted has none")

    assert {each.path for each in one.requests} == {"/v2/apps/web?embed=app.tasks"}
    assert "authorization" not in one.requests[0].headers


async def test_the_app_may_have_another_name_than_the_service() -> None:
    async with (
        answering(lambda _: says(task(1))) as one,
        source(one, more="&app=/team/web%20x") as opened,
        following(opened, "here") as seen,
    ):
        await seen.until(lambda: seen.ids, "it is there")
        assert seen.instances[0].name == "here"
        assert opened.uri.endswith("?app=%2Fteam%2Fweb+x")

    assert one.requests[0].path == "/v2/apps/team/web%20x?embed=app.tasks"


async def test_all_apps_are_read_where_none_is_asked_for() -> None:
    both = {"apps": [app(task(1)), app(task(2), id="/team/db")]}
    async with (
        answering(lambda _: as_json(both)) as one,
        source(one) as opened,
        following(opened) as seen,
    ):
        await seen.until(lambda: seen.ids, "they are there")
        assert [each.name for each in seen.instances] == ["web", "team/db"]

    assert one.requests[0].path == "/v2/apps?embed=apps.tasks"


@pytest.mark.parametrize("fault", ["junk", "half", "huge", "close"])
async def test_one_that_fails_leaves_the_others(fault: Fault) -> None:
    async with (
        answering(lambda _: says(task(1))) as one,
        answering(lambda _: says(task(1), task(2))) as two,
        source(one, two) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids == ["web.1"], "the first is asked")
        one.fault = fault
        await seen.until(lambda: len(seen.ids) == 2, "then the second")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"<html>"), "the answer is not JSON"),
        ((200, b"[" * 100_000), "the answer is not JSON"),
        (as_json([]), "not a JSON object"),
        (as_json({}), "without a list of tasks"),
        (as_json({"app": None}), "without a list of tasks"),
        (as_json({}, 404), "it answers 404"),
        ((401, b"<html>"), "; check user and password, or MARATHON_TOK"),
        (as_json({"message": "no"}, 403), "check that the user may view the app"),
        ((503, b"no leader"), "it answers 503 no leader"),
        ((302, b""), "it answers 302"),
    ],
)
async def test_nonsense_leaves_what_was_read(answer: Answer, why: str) -> None:
    said = {"": says(task(1))}
    async with (
        answering(lambda _: said[""]) as one,
        source(one) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids == ["web.1"], "the one")
        said[""] = answer
        assert why in await seen.doubted()
        assert seen.ids == ["web.1"]


async def test_a_path_stands_before_the_api() -> None:
    async with (
        answering(lambda _: says(task(1))) as one,
        stores.readable(f"marathon://{one.place}/service/m", SITE) as opened,
        following(opened, "web") as seen,
    ):
        await seen.until(lambda: seen.ids, "it is there")

    assert one.requests[0].path == "/service/m/v2/apps/web?embed=app.tasks"


async def test_user_and_token_are_told_to_the_server_alone(tmp_path: Path) -> None:
    ca = trustme.CA()
    authority = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(authority))
    context = ssl_context(ca)
    site = Site(node="here", environment={"MARATHON_TOKEN": "ge.heim"})
    said: dict[str, Answer] = {"": says(task(1))}

    def answer(asked: Asked) -> Answer:
        said["authorization"] = 200, asked.headers.get("authorization", "").encode()
        return said[""]

    async with answering(answer, context) as one:
        for login, wanted in (
            ("", "token=ge.heim"),
            ("ich:ver%2Fy@", f"Basic {base64.b64encode(b'ich:ver/y').decode()}"),
        ):
            said[""] = says(task(1))
            uri = f"marathon-tls://{login}{one.place}?poll=0.05&ca={authority}"
            async with (
                stores.readable(uri, site) as opened,
                following(opened, "web") as seen,
            ):
                await seen.until(lambda: seen.ids, "it is there")
                said[""] = as_json({}, 401)
                error = await seen.doubted()

            assert said["authorization"] == (200, wanted.encode())
            assert opened.uri == f"marathon-tls://{one.place}"
            assert not any(each in error for each in ("ver/y", "ge.heim", "ich"))


def ssl_context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("marathon://h?port-index=x", "port-index is not a number from 0 to 99"),
        ("marathon://h?port-index=-1", "port-index is not a number from 0 to 99"),
        ("marathon://h?poll=x", "poll is not a number of seconds"),
        ("marathon://h?ca=/x", "option ca needs TLS"),
        ("marathon-tls://h?ca=/no/such", "/no/such: No such file"),
        ("marathon://u:geheim@h?x", "unknown option 'x'"),
        ("marathon://h,h", "a server stands there twice"),
    ],
)
def test_what_names_no_marathon_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        stores.readable(uri, SITE)

    assert "geheim" not in str(refused.value)


def test_a_token_that_no_header_can_carry_is_not_shown() -> None:
    site = Site(node="here", environment={"MARATHON_TOKEN": "ge\nheim"})

    with pytest.raises(ConfigError, match="MARATHON_TOKEN: it holds") as refused:
        stores.readable("marathon://h", site)

    assert "heim" not in json.dumps(refused.value.problems)
