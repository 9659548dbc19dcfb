"""What py-eureka-client sends for an instance, recorded, is what ours sends."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from registrator.backend import Site
from registrator.check import Check
from registrator_backends.eureka import EurekaBackend
from samples import drop, put, web
from standin_eureka import Asked, EurekaServer

pytestmark = pytest.mark.needs_eureka

CLIENT = Path(__file__).with_name("well_known_client.py")
SERVICE = web(
    metadata={"version": "2"},
    checks=(Check(kind="http", target="http://10.0.0.1:8000/health"),),
)
TIMES = {"lastDirtyTimestamp", "lastUpdatedTimestamp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The requests of one instance's life, those that only read left out."""

    requests: list[Asked]

    def first(self, method: str) -> Asked:
        return next(each for each in self.requests if each.method == method)

    @property
    def instance(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.first("POST").body)["instance"]
        return found

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.requests]


def recorded(server: EurekaServer) -> Life:
    requests = [each for each in server.requests if each.method != "GET"]
    del server.requests[:]
    server.empty()
    return Life(requests=requests)


@pytest.fixture(scope="module")
def theirs() -> Iterator[Life]:
    with EurekaServer() as server:
        url = f"http://127.0.0.1:{server.port}/eureka"
        subprocess.run([sys.executable, CLIENT, url], check=True, timeout=60)
        yield recorded(server)


@pytest.fixture
async def ours(real_eureka: EurekaServer) -> Life:
    site = Site(node="here")
    async with EurekaBackend.from_uri(real_eureka.uri, site) as backend:
        await put(backend, SERVICE)
    real_eureka.advance(30)
    async with EurekaBackend.from_uri(real_eureka.uri, site) as backend:
        await backend.refresh(await backend.owned())
        await drop(backend, SERVICE.id)
    return recorded(real_eureka)


def test_the_same_requests_go_to_the_same_paths(ours: Life, theirs: Life) -> None:
    for method in ("POST", "DELETE"):
        assert ours.first(method).path == theirs.first(method).path
    beat, other = (urlsplit(life.first("PUT").path) for life in (ours, theirs))
    assert beat.path == other.path
    assert [key for key, _ in parse_qsl(beat.query)] == ["status", "lastDirtyTimestamp"]
    assert [key for key, _ in parse_qsl(other.query)] == [
        "status",
        "lastDirtyTimestamp",
    ]
    assert (
        dict(parse_qsl(beat.query))["status"] == dict(parse_qsl(other.query))["status"]
    )


def test_a_registration_is_of_the_same_kind(ours: Life, theirs: Life) -> None:
    for life in (ours, theirs):
        assert life.first("POST").headers["content-type"] == "application/json"


def test_an_instance_has_the_same_fields(ours: Life, theirs: Life) -> None:
    assert ours.instance.keys() == theirs.instance.keys()


def test_every_field_has_the_same_value_but_for_those_the_docs_name(
    ours: Life, theirs: Life
) -> None:
    mine, other = ours.instance, theirs.instance
    differing = {key for key in mine if mine[key] != other[key]}

    assert differing - TIMES == {"metadata", "homePageUrl", "statusPageUrl"}
    assert (mine["homePageUrl"], mine["statusPageUrl"]) == ("", "")
    added = mine["metadata"].items() - other["metadata"].items()
    assert all(key.startswith("registrator-") for key, _ in added)
    assert other["metadata"].items() - mine["metadata"].items() == {("zone", "default")}


def test_times_are_written_alike_and_a_heartbeat_repeats_them(
    ours: Life, theirs: Life
) -> None:
    for life in (ours, theirs):
        assert all(re.fullmatch("[0-9]{13}", life.instance[key]) for key in TIMES)
        query = dict(parse_qsl(urlsplit(life.first("PUT").path).query))
        assert query["lastDirtyTimestamp"] == life.instance["lastDirtyTimestamp"]


def test_one_request_less_ends_an_instance(ours: Life, theirs: Life) -> None:
    assert ours.methods == ["POST", "PUT", "DELETE"]
    assert theirs.methods == ["POST", "PUT", "POST", "DELETE"]
