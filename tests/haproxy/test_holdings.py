"""What the operator has, which no service gets by asking for it."""

import subprocess
from pathlib import Path

import pytest

from registrator.model import Instance
from registrator_haproxy.auto import Auto, asking, auto
from registrator_haproxy.configuration.bind import Bind, read_bind
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.holdings import held, place
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render

BASE = Configuration.model_validate(
    {
        "global": ["stats socket ipv4@127.0.0.1:9001 level admin", "maxconn 9002"],
        "extra": {
            "listen stats": ["bind 127.0.0.1:8404", "  bind *:8500-8502", "mode http"],
            "frontend plain-in": ["bind [::1]:8405"],
            "peers all": ["peer here 127.0.0.1:10000"],
            "backend": [],
        },
        "frontends": {
            "shared": {"listen": ["*:8000", "[::]:8000"], "lines": ["bind :8001"]},
        },
        "services": {
            "web": {
                "listen": 8080,
                "frontend": ["bind :8081 name x"],
                "routes": [
                    {"frontend": "shared", "host": "a.org"},
                ],
            },
            "old": {"backend-name": "new", "listen": "unix@/run/old.sock"},
        },
        "outputs": [
            {"directory": "/var/targets", "format": "file-sd"},
            {"file": "/var/targets/all.json", "format": "file-sd"},
            {"file": "/var/other/some.json", "format": "file-sd"},
            {"file": "/var/targets/hosts", "template": "/var/targets/x.json"},
        ],
    }
)
HELD = dict(held(BASE))


@pytest.mark.parametrize(
    ("what", "whose"),
    [
        ("the frontend's name auto", "frontend auto"),
        ("the frontend's name shared", "frontend shared"),
        ("the frontend's name web", "service web"),
        ("the backend's name new", "service old"),
        ("port 8000", "frontend shared"),
        ("port 8001", "frontend shared"),
        ("port 8080", "service web"),
        ("port 8081", "service web"),
        ("unix@/run/old.sock", "service old"),
        ("port 9001", "the section global"),
        ("port 8404", "the section listen stats"),
        ("port 8502", "the section listen stats"),
        ("port 8405", "the section frontend plain-in"),
        ("port 10000", "the section peers all"),
        ("the backend's name stats", "the section listen stats"),
        ("the frontend's name plain", "the section frontend plain-in"),
        ("the backend's name all", "the file /var/targets/all.json"),
        ("the backend's name x", "the file /var/targets/x.json"),
    ],
)
def test_what_the_configuration_says_is_the_operators(what: str, whose: str) -> None:
    assert HELD[what] == whose


@pytest.mark.parametrize(
    "what",
    ["port 0", "port 9002", "port 8503", "the backend's name some"],
)
def test_the_rest_is_not(what: str) -> None:
    assert what not in HELD


def test_only_routes_of_the_frontend_that_services_share_are_held() -> None:
    assert not [each for each in HELD if each.startswith("the route")]
    base = Configuration.model_validate(
        {
            "frontends": {"auto": {"listen": 8000}},
            "services": {"a": {"routes": {"frontend": "auto", "path": "/a"}}},
        }
    )

    assert dict(held(base))["the route any host/a"] == "service a"


def test_sockets_are_told_apart_by_their_paths() -> None:
    assert place(read_bind("unix@/run/a.sock")) == "unix@/run/a.sock"
    base = {
        "services": {"w": {"listen": "unix@/run/w.sock"}},
        "frontends": {"auto": {"listen": "unix@/run/a.sock"}},
    }

    assert asked("a", path="/", base=Configuration.model_validate(base)).refused == {}


@pytest.mark.parametrize("name", ["auto", "stats", "plain", "x"])
def test_a_service_with_a_name_of_the_operators_spoils_no_file(
    name: str, tmp_path: Path
) -> None:
    extra = {"listen stats": ["mode http"], "frontend plain-in": ["mode http"]}
    base = Configuration.model_validate({"extra": extra})
    found = asked(name, port="8600", path="/", base=base)
    file = tmp_path / "haproxy.cfg"
    file.write_text(render(plan(found.configuration, {}).layout))

    done = subprocess.run(
        ["haproxy", "-c", "-q", "-f", str(file)], capture_output=True, check=False
    )

    assert done.returncode in {0, 2}, done.stderr  # 2: there is nothing to listen on
    assert (name in found.refused) is (name != "x")


def asked(name: str, *, base: Configuration, **said: str) -> Auto:
    metadata = {f"haproxy_{key}": value for key, value in said.items()}
    one = Instance(id="h", name=name, address="10.0.0.1", port=80, metadata=metadata)
    return auto(base, asking([one]), ["consul://h"], Bind("127.0.0.1", 80))
