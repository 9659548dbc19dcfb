"""The users' page tells of everything that is read, and shows what is really stored."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from consul_keys import keys
from contract.stores import agree, records
from fixtures.consul import ConsulAgent, StartConsul
from registrator.backend import Site
from registrator.errors import ConfigError
from registrator_backends.consulkv import ConsulKvBackend
from registrator_backends.consulkv.layout import Layout
from registrator_backends.consulkv.uri import LONGEST, SHORTEST, read_kv_address
from registrator_backends.values import read_value
from samples import drop, web

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/consulkv.md").read_text()
HOST: Final = "web-host-1"
LAYOUT = Layout(prefix="services", index="registrator", node=HOST)
SHOP = web(
    f"{HOST}:shop:80",
    name="shop",
    port=32768,
    container_name="shop",
    tags=("blue", "v2"),
    metadata={"version": "2"},
)
SERVICES = [
    SHOP,
    web(f"{HOST}:dns:53:udp", name="dns", port=53, transport="udp"),
    web(f"{HOST}:web.2:80", address="fd00::1"),
]
MASTER: Final = "5bbd29a6-1a94-4f57-9f1e-b5e0e0f3c1a7"
WRITER: Final = "8d3fa1c2-6d53-4bd8-8b7c-17d6b8a6b4d1"

SHOWN: Final[dict[str, str]] = {
    command: text
    for block in re.findall(r"(?ms)^```\n(\$ consul .*?)^```", PAGE)
    for command, text in re.findall(r"(?ms)^\$ (.+?)\n(.*?)(?=^\$ |\Z)", block)
}
"""The commands on the page, and what they are said to print."""


def opened(agent: ConsulAgent, options: str = "", **site: str) -> ConsulKvBackend:
    uri = f"consulkv://127.0.0.1:{agent.port}/services{options}"
    return ConsulKvBackend.from_uri(uri, Site(node=HOST, environment=site))


def printed(agent: ConsulAgent, command: str) -> str:
    """Run Consul's own command line against *agent*."""
    environment = {**os.environ, "CONSUL_HTTP_ADDR": agent.url}
    arguments = shlex.split(command)
    return subprocess.run(
        arguments, env=environment, capture_output=True, text=True, check=True
    ).stdout


def timeless(text: str) -> str:
    """Leave out what is another each time: indexes, and the session's id."""
    fields = re.sub(r"(?m)^((?:\w+Index|Session) +)\S+$", r"\1", text)
    return "\n".join(line for line in fields.splitlines() if line)


def test_the_page_names_every_variable_that_is_read() -> None:
    backends = ROOT / "backends/registrator_backends"
    modules = [*backends.glob("consul/*.py"), *backends.glob("consulkv/*.py")]
    code = "".join(module.read_text() for module in modules)
    read = set(re.findall(r'"(CONSUL_[A-Z_]+)"', code))

    assert len(read) > 5
    assert set(re.findall(r"`(CONSUL_[A-Z_]+)`", PAGE)) == read


def test_the_page_names_every_option() -> None:
    with pytest.raises(ConfigError) as caught:
        read_kv_address("consulkv://h?colour=red", Site(node=HOST))
    (known,) = re.findall(r"\(known: ([^)]*)\)", str(caught.value))

    cells = re.findall(r"(?m)^\|([^|]*)\|[^|]*\|[^|]*\|$", PAGE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(known.split(", "))


def test_the_page_names_every_scheme() -> None:
    schemes = ConsulKvBackend.schemes

    assert [each for each in schemes if f"| `{each}://" not in PAGE] == []


@pytest.mark.parametrize(
    "uri", re.findall(r"(?m)^registrator '?(consulkv:[^'\s]+)'?$", PAGE)
)
def test_the_address_on_the_page_can_be_read(uri: str) -> None:
    assert read_kv_address(uri, Site(node=HOST)).layout.tree == "services/"


def test_the_page_tells_how_long_a_session_may_last() -> None:
    assert f"{SHORTEST:g} to {LONGEST:g} seconds" in PAGE


def test_the_mark_on_the_page_is_that_of_its_host() -> None:
    assert re.findall(r"(?m)^Flags +(\d+)$", PAGE) == [str(LAYOUT.mark)] * 2


def test_the_values_on_the_page_are_read_as_the_services_they_stand_for() -> None:
    lines = SHOWN["consul kv get -recurse services/"].splitlines()

    for service in SERVICES:
        start = f"{LAYOUT.key(service)}:"
        (value,) = [
            line.removeprefix(start) for line in lines if line.startswith(start)
        ]
        read = read_value(value.encode(), key_id=service.id, key_name=service.name)
        assert read is not None
        assert (read.address, read.port) == (service.address, service.port)
    assert len(lines) == len(SERVICES)


@pytest.mark.needs_consul
async def test_every_command_on_the_page_prints_what_it_is_said_to(
    consul: ConsulAgent,
) -> None:
    plain = {key: text for key, text in SHOWN.items() if not text.startswith("{")}
    async with opened(consul) as backend:
        assert await agree(backend, *SERVICES) == {}

    assert len(plain) == len(SHOWN) - 1 == 3
    for command, text in plain.items():
        assert timeless(printed(consul, command)) == timeless(text)


@pytest.mark.needs_consul
async def test_the_json_on_the_page_is_what_is_stored(consul: ConsulAgent) -> None:
    ((command, text),) = [each for each in SHOWN.items() if each[1].startswith("{")]
    async with opened(consul, "?format=json") as backend:
        assert await agree(backend, *SERVICES) == {}

    assert printed(consul, command) == text


@pytest.mark.needs_consul
async def test_the_rules_on_the_page_are_all_that_a_token_needs(
    start_consul: StartConsul,
) -> None:
    (rules,) = re.findall(r"(?s)```hcl\n(.*?)```", PAGE)
    tokens = {"master": MASTER, "agent": MASTER}
    agent = start_consul(
        {"acl": {"enabled": True, "default_policy": "deny", "tokens": tokens}}
    )
    agent.token = MASTER
    agent.put("/v1/acl/policy", {"Name": "page", "Rules": rules})
    agent.put("/v1/acl/token", {"SecretID": WRITER, "Policies": [{"Name": "page"}]})

    async with opened(agent, CONSUL_HTTP_TOKEN=WRITER) as backend:
        assert await agree(backend, *SERVICES) == {}
        await backend.refresh({})
        assert await backend.owned() == records(backend, SERVICES)
        assert await drop(backend, *(service.id for service in SERVICES)) == {}

    assert keys(agent) == {}
