"""What engines really said (recorded/), and what none should say."""

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.engine import Hint, decode
from registrator.errors import SourceError
from registrator.fitness import Health
from registrator.model import Binding, Container, ContainerId, Network, Port, State

ABC = ContainerId("abc")
RECORDED = Path(__file__).with_name("recorded")
EVERYWHERE = (Binding(address="0.0.0.0", port=8000), Binding(address="::", port=8000))
ID = ContainerId("891bd2fba042926b64788d64a39ea41c39b6cdb241c6e56c06c7efc59aeb8cfe")


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_bytes())


def inspected(name: str) -> Container:
    return decode.container(recorded(name))


def changed(data: Any, path: str, value: object) -> Any:
    """Copy *data* with the member at a dotted path set, or left out if it is ..."""
    data = copy.deepcopy(data)
    *parents, last = path.split(".")
    inner = data
    for parent in parents:
        inner = inner[int(parent)] if parent.isdigit() else inner[parent]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return data


def test_a_container_of_docker_is_read_whole() -> None:
    data = recorded("docker-20.10-inspect-two-networks")

    assert decode.container(data) == Container(
        id=ID,
        name="h2",
        image="registrator-test/busybox:1",
        image_id="5926010745d5bea54109e8082601c29b471f8e215f0dbc987e5760882f153c35",
        state=State.RUNNING,
        health=Health.UNHEALTHY,
        exit_code=0,
        started="2026-11-23T23:36:26.593083469Z",
        environment=(("SERVICE_TAGS", "a,b"),),
        labels={"SERVICE_NAME": "web", "registrator.demo": "f11e83bc4acf2a3f"},
        network_mode="default",
        networks=(
            Network(name="bridge", ipv4="172.17.0.3"),
            Network(name="net1", ipv4="172.19.0.2"),
        ),
        exposed=(Port(80), Port(81, "udp")),
        published={
            Port(80): EVERYWHERE,
            Port(81, "udp"): (
                Binding(address="0.0.0.0", port=8001),
                Binding(address="::", port=8001),
            ),
        },
        attributes=data,
    )


def test_ipv6_addresses_are_read() -> None:
    container = inspected("docker-28.5-inspect-two-networks")

    assert container.networks == (
        Network(name="bridge", ipv4="172.31.9.2", ipv6="fd00:9::2"),
        Network(name="net1", ipv4="172.17.0.2"),
    )


def test_a_container_of_podman_says_where_it_is_published_without_an_address() -> None:
    container = inspected("podman-4.3-inspect-two-networks")

    assert container.published == {
        Port(80): (Binding(address="", port=8000),),
        Port(81, "udp"): (Binding(address="", port=8001),),
    }
    assert container.networks == (
        Network(name="net1", ipv4="10.89.0.2"),
        Network(name="podman", ipv4="10.88.0.2"),
    )


@pytest.mark.parametrize(
    ("name", "state", "health", "exit_code"),
    [
        ("docker-20.10-inspect-created", State.CREATED, Health.NONE, 0),
        ("docker-20.10-inspect-unhealthy", State.RUNNING, Health.UNHEALTHY, 0),
        ("docker-20.10-inspect-paused", State.PAUSED, Health.PAUSED, 0),
        ("docker-20.10-inspect-restarting", State.RESTARTING, Health.NONE, 1),
        ("docker-20.10-inspect-exited", State.EXITED, Health.UNHEALTHY, 137),
        ("docker-28.5-inspect-two-networks", State.RUNNING, Health.UNHEALTHY, 0),
        ("docker-28.5-inspect-restarting", State.RESTARTING, Health.NONE, 1),
        ("docker-28.5-inspect-exited", State.EXITED, Health.UNHEALTHY, 137),
        ("podman-4.3-inspect-two-networks", State.RUNNING, Health.STARTING, 0),
        ("podman-4.3-inspect-paused", State.PAUSED, Health.PAUSED, 0),
        ("podman-4.3-inspect-restarting", State.EXITED, Health.NONE, 1),
        ("podman-4.3-inspect-exited", State.EXITED, Health.STARTING, 137),
    ],
)
def test_states_and_health_are_read(
    name: str, state: State, health: Health, exit_code: int
) -> None:
    container = inspected(name)

    assert (container.state, container.health, container.exit_code) == (
        state,
        health,
        exit_code,
    )


@pytest.mark.parametrize(
    ("name", "mode", "networks", "ports"),
    [
        ("docker-20.10-inspect-host-network", "host", [Network(name="host")], [80]),
        ("podman-4.3-inspect-host-network", "host", [], []),
        (
            "docker-20.10-inspect-shared-network",
            "container:a2bf815fa5c94957490599c12a6d356be293411883e55cbe1050006c8d047ca6",
            [],
            [80],
        ),
        (
            "podman-4.3-inspect-shared-network",
            "container:3ce62d784c8f2f6d554e368f66330864ac1662e82b1878c536f44814034f53eb",
            [Network(name="net1", ipv4="10.89.0.3")],
            [],
        ),
    ],
)
def test_special_network_modes_are_read(
    name: str, mode: str, networks: list[Network], ports: list[int]
) -> None:
    container = inspected(name)

    assert container.network_mode == mode
    assert list(container.networks) == networks
    assert [port.number for port in container.exposed] == ports


@pytest.mark.parametrize(
    ("word", "flags", "state"),
    [
        ("dead", {}, State.DEAD),
        ("removing", {"Running": True}, State.REMOVING),
        ("configured", {}, State.CREATED),
        ("initialized", {}, State.CREATED),
        ("stopping", {}, State.RUNNING),
        ("stopped", {}, State.EXITED),
        ("Running", {}, State.RUNNING),
        (None, {"Running": True}, State.RUNNING),
        ("dozing", {"Running": True, "Paused": True}, State.PAUSED),
        ("dozing", {"Running": True, "Restarting": True}, State.RESTARTING),
        ("dozing", {"Dead": True}, State.DEAD),
        ("dozing", {}, State.EXITED),
    ],
)
def test_a_state_is_told_by_its_word_or_else_by_the_flags(
    word: str | None, flags: Mapping[str, bool], state: State
) -> None:
    data = {"Id": ID, "State": {"Status": word, **flags}}

    assert decode.container(data).state == state


@pytest.mark.parametrize(
    ("told", "started"),
    [
        ("2026-11-23T23:36:26.593083469Z", "2026-11-23T23:36:26.593083469Z"),
        ("2026-11-23T23:36:26.5Z", "2026-11-23T23:36:26.500000000Z"),
        ("2026-11-23T23:36:26Z", "2026-11-23T23:36:26.000000000Z"),
        ("2026-11-24T01:36:26.25+02:00", "2026-11-23T23:36:26.250000000Z"),
        ("2026-11-23T18:06:26.25-05:30", "2026-11-23T23:36:26.250000000Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("9999-99-99T23:36:26+02:00", ""),
        ("", ""),
        (None, ""),
        ("yesterday", ""),
    ],
)
def test_the_start_is_a_time_that_sorts_as_text(told: str | None, started: str) -> None:
    data = {"Id": ID, "State": {"Status": "running", "StartedAt": told}}

    assert decode.container(data).started == started


@pytest.mark.parametrize(
    ("key", "port"),
    [
        ("80/tcp", Port(80)),
        ("80", Port(80)),
        ("53/UDP", Port(53, "udp")),
        ("132/sctp", Port(132, "sctp")),
        ("65535/tcp", Port(65535)),
        ("0/tcp", None),
        ("65536/tcp", None),
        ("80/foo", None),
        ("http/tcp", None),
        ("-1/tcp", None),
        ("٨٠/tcp", None),
        ("", None),
    ],
)
def test_what_cannot_be_a_port_is_left_out(key: str, port: Port | None) -> None:
    data = {
        "Id": ID,
        "Config": {"ExposedPorts": {key: {}}},
        "NetworkSettings": {"Ports": {key: None}},
    }

    container = decode.container(data)

    assert container.exposed == ((port,) if port else ())
    assert container.published == ({port: ()} if port else {})


@pytest.mark.parametrize(
    ("bindings", "read"),
    [
        (None, ()),
        ([], ()),
        ([{"HostIp": "10.0.0.1", "HostPort": "1"}], (("10.0.0.1", 1),)),
        ([{"HostPort": "1"}], (("", 1),)),
        ([{"HostIp": "10.0.0.1", "HostPort": ""}], ()),
        ([{"HostIp": "10.0.0.1", "HostPort": "0"}], ()),
        ([None], ()),
    ],
)
def test_a_port_without_a_binding_is_not_published(
    bindings: object, read: tuple[tuple[str, int], ...]
) -> None:
    data = {"Id": ID, "NetworkSettings": {"Ports": {"80/tcp": bindings}}}

    assert decode.container(data).published == {
        Port(80): tuple(Binding(address=address, port=port) for address, port in read)
    }


def test_an_environment_entry_without_a_value_is_left_out() -> None:
    data = {"Id": ID, "Config": {"Env": ["A", "B=", "C=1=2"]}}

    assert decode.container(data).environment == (("B", ""), ("C", "1=2"))


def test_what_is_missing_reads_as_empty() -> None:
    container = decode.container({"Id": ID})

    assert container == Container(
        id=container.id, name="", image="", state=State.EXITED, attributes={"Id": ID}
    )


NULLABLE = [
    "Name",
    "State.Status",
    "State.Health",
    "State.Health.Status",
    "State.ExitCode",
    "State.StartedAt",
    "Config.Image",
    "Config.Env",
    "Config.Labels",
    "Config.Labels.SERVICE_NAME",
    "Config.ExposedPorts",
    "HostConfig",
    "HostConfig.NetworkMode",
    "NetworkSettings",
    "NetworkSettings.Ports",
    "NetworkSettings.Ports.80/tcp",
    "NetworkSettings.Networks",
    "NetworkSettings.Networks.net1",
    "NetworkSettings.Networks.net1.IPAddress",
    "NetworkSettings.Networks.net1.GlobalIPv6Address",
]


@pytest.mark.parametrize("path", NULLABLE)
@pytest.mark.parametrize("value", [None, ...])
def test_a_field_may_be_null_or_missing(path: str, value: object) -> None:
    data = changed(recorded("docker-28.5-inspect-two-networks"), path, value)

    assert decode.container(data).id == data["Id"]


@pytest.mark.parametrize("path", NULLABLE)
def test_a_field_of_a_wrong_type_is_a_source_error_that_names_the_container(
    path: str,
) -> None:
    data = changed(recorded("docker-28.5-inspect-two-networks"), path, 1.5)

    with pytest.raises(
        SourceError, match=r"container fcb9bca836b8 as the engine shows"
    ):
        decode.container(data)


@pytest.mark.parametrize("data", [None, [], "text", {}, {"Id": None}, {"Id": 7}])
def test_a_container_without_an_id_is_a_source_error(data: object) -> None:
    with pytest.raises(SourceError, match="a container as the engine shows it: "):
        decode.container(data)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("docker-20.10-list-two-networks", [State.RUNNING]),
        ("docker-20.10-list-shared-network", [State.RUNNING, State.RUNNING]),
        ("docker-20.10-list-paused", [State.PAUSED]),
        ("docker-28.5-list-two-networks", [State.RUNNING]),
        ("podman-4.3-list-two-networks", [State.RUNNING]),
        ("podman-4.3-list-shared-network", [State.RUNNING, State.RUNNING]),
        ("podman-4.3-list-paused", [State.PAUSED]),
    ],
)
def test_a_listing_is_read(name: str, states: list[State]) -> None:
    entries = recorded(name)

    listed = [decode.listed(entry) for entry in entries]

    assert [(each.id, each.state) for each in listed] == [
        (entry["Id"], state) for entry, state in zip(entries, states, strict=True)
    ]


def entry() -> Any:
    return recorded("docker-28.5-list-two-networks")[0]


def fingerprint(data: object) -> int:
    return decode.listed(data).fingerprint


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Status", "Up 6 hours (unhealthy)"),
        ("Command", "sleep 2"),
        ("Created", 1),
        ("Mounts", [{}]),
        ("Names", ["/h2"]),
        ("Ports", list(reversed(entry()["Ports"]))),
        ("NetworkSettings.Networks.net1.MacAddress", "02:42:ac:11:00:02"),
        ("NetworkSettings.Networks.net1.EndpointID", "other"),
        ("Health", {"Status": "unhealthy", "FailingStreak": 7}),
        ("Health", None),
    ],
)
def test_what_does_not_matter_leaves_the_fingerprint(path: str, value: object) -> None:
    assert fingerprint(changed(entry(), path, value)) == fingerprint(entry())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("State", "paused"),
        ("Status", "Up 6 seconds"),
        ("Status", "Up 6 seconds (healthy)"),
        ("Status", "Up 6 seconds (health: starting)"),
        ("Health", {"Status": "healthy", "FailingStreak": 0}),
        ("Health", {"Status": "starting"}),
        ("Health", {"Status": "none"}),
        ("Names", ["/h3"]),
        ("Names", ["/h2", "/other/alias"]),
        ("Image", "registrator-test/busybox:2"),
        ("Labels.SERVICE_NAME", "db"),
        ("Labels.SERVICE_NAME", ...),
        ("Labels", None),
        ("Ports", []),
        ("Ports", None),
        ("Ports.0.IP", "10.0.0.1"),
        ("Ports.0.PrivatePort", 81),
        ("Ports.0.PublicPort", 8001),
        ("Ports.0.PublicPort", ...),
        ("Ports.0.Type", "udp"),
        ("HostConfig.NetworkMode", "host"),
        ("NetworkSettings.Networks.net1", ...),
        ("NetworkSettings.Networks.net1.IPAddress", "172.17.0.3"),
        ("NetworkSettings.Networks.net1.GlobalIPv6Address", "fd00::3"),
        ("NetworkSettings.Networks", None),
    ],
)
def test_what_matters_changes_the_fingerprint(path: str, value: object) -> None:
    assert fingerprint(changed(entry(), path, value)) != fingerprint(entry())


def test_the_marker_and_the_field_for_health_give_the_same_fingerprint() -> None:
    plain = changed(entry(), "Status", "Up 6 seconds")
    told = changed(plain, "Health", {"Status": "unhealthy"})

    assert fingerprint(told) == fingerprint(entry())


@pytest.mark.parametrize(
    "path",
    [
        *("State", "Status", "Image", "Names", "Names.0", "Labels", "Ports", "Ports.0"),
        *("Ports.0.IP", "Ports.0.PrivatePort", "HostConfig", "HostConfig.NetworkMode"),
        *("NetworkSettings", "NetworkSettings.Networks", "Health"),
    ],
)
def test_a_listing_of_a_wrong_type_is_a_source_error_that_names_the_container(
    path: str,
) -> None:
    data = entry()
    if path.endswith(".0"):
        data[path.removesuffix(".0")][0] = 1.5
    else:
        data = changed(data, path, 1.5)

    with pytest.raises(
        SourceError, match=r"^container fcb9bca836b8 in the engine's li"
    ):
        decode.listed(data)


HEARD = {
    "docker-20.10": [
        *("network connect", "container start", "container health_status: healthy"),
        *("container health_status: unhealthy", "container pause"),
        *("container unpause", "container rename", "network disconnect"),
        *("container update", "container kill", "container die", "container stop"),
        *("container restart", "container destroy"),
    ],
    "docker-28.5": [
        *("network connect", "container start", "container health_status: healthy"),
        *("container health_status: unhealthy", "container pause"),
        *("container unpause", "container rename", "network disconnect"),
        *("container update", "container kill", "container stop", "container die"),
        *("container restart", "container destroy"),
    ],
    "podman-4.3": [
        *("container start", "container pause", "container unpause"),
        *("container rename", "network connect", "network disconnect"),
        *("container restart", "container stop", "container die", "container kill"),
        "container remove",
    ],
}


@pytest.mark.parametrize("name", ["docker-20.10", "docker-28.5"])
def test_the_signal_that_a_container_is_sent_is_heard(name: str) -> None:
    lines = (RECORDED / f"{name}-events.jsonl").read_bytes().splitlines()
    [kill] = [each for each in lines if b'"Action":"kill"' in each]

    hint = decode.hint(kill)

    assert hint is not None
    assert hint.signal == 15


@pytest.mark.parametrize(
    ("said", "signal"), [(..., 15), ("", 15), ("SIGURG", 23), ("37", 37), ("nix", 15)]
)
def test_the_signal_that_stops_a_container_is_read(said: object, signal: int) -> None:
    data = changed(recorded("docker-20.10-inspect-paused"), "Config.StopSignal", None)

    data = changed(data, "Config.StopSignal", said)

    assert decode.container(data).stop_signal == signal


@pytest.mark.parametrize(("said", "seconds"), [(None, 0), (30, 30)])
def test_the_time_to_stop_in_is_read(said: object, seconds: int) -> None:
    data = recorded("docker-20.10-inspect-paused")

    data = changed(data, "Config.StopTimeout", said)

    assert decode.container(data).stop_timeout == seconds


@pytest.mark.parametrize("engine", HEARD)
def test_of_all_events_those_that_matter_are_hints(engine: str) -> None:
    lines = (RECORDED / f"{engine}-events.jsonl").read_bytes().splitlines()

    heard = [json.loads(line) for line in lines if decode.hint(line) is not None]

    assert [f"{event['Type']} {event['Action']}" for event in heard] == HEARD[engine]


@pytest.mark.parametrize("engine", HEARD)
def test_a_networks_event_hints_at_the_container(engine: str) -> None:
    lines = (RECORDED / f"{engine}-events.jsonl").read_bytes().splitlines()
    started = next(line for line in lines if b'"Action":"start"' in line)

    connected = next(line for line in lines if b'"Action":"connect"' in line)

    hint = decode.hint(connected)
    assert hint is not None
    assert hint.container == json.loads(started)["Actor"]["ID"]
    assert hint.time_nano == json.loads(connected)["timeNano"]


def event(**changes: object) -> bytes:
    told = {"Type": "container", "Action": "start", "Actor": {"ID": "abc"}}
    return json.dumps({**told, "timeNano": 1795476939000000001, **changes}).encode()


def killed(signal: str | None) -> bytes:
    actor = {"ID": "abc", "Attributes": {"signal": signal}}
    return event(Action="kill", Actor=actor)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (event(), Hint(ABC, 1795476939000000001)),
        (event(timeNano=None), Hint(ABC, 0)),
        (killed("15"), Hint(ABC, 1795476939000000001, signal=15)),
        (killed(None), Hint(ABC, 1795476939000000001)),
        (killed("no signal"), Hint(ABC, 1795476939000000001)),
        (event(Action="health_status"), Hint(ABC, 1795476939000000001)),
        (event(Action="died"), Hint(ABC, 1795476939000000001)),
        (event(Action="exec_start: /bin/start"), None),
        (event(Action="create"), None),
        (event(Type="image", Action="remove"), None),
        (event(Type="network", Action="destroy"), None),
        (event(Type=None), None),
        (event(Action=None), None),
        (b"{}", None),
        (b"null", None),
    ],
)
def test_an_event_becomes_a_hint_or_nothing(line: bytes, hint: Hint | None) -> None:
    assert decode.hint(line) == hint


@pytest.mark.parametrize(
    "line",
    [
        b"junk",
        b'{"Type":"container","Act',
        b"[]",
        b"\xff\xfe",
        b"7" * 5000,
        b"[" * 100000,
        event(Type=[]),
        event(Actor=[]),
        event(Actor={"ID": 7}),
        event(Actor=None),
        event(timeNano="now"),
    ],
)
def test_a_line_that_makes_no_sense_hints_at_every_container(line: bytes) -> None:
    hint = decode.hint(line)

    assert hint is not None
    assert hint.container is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("Id", "Name", "State", "Status", "Health", "Config", "HostConfig", "Env"),
        *("NetworkSettings", "Networks", "Ports", "Labels", "ExposedPorts", "Names"),
        *("80/tcp", "HostPort", "HostIp", "StartedAt", "ExitCode", "Actor", "ID"),
    ]
)
LIKE_AN_ANSWER = st.recursive(
    JSON,
    lambda inner: st.dictionaries(FIELDS, inner, max_size=6) | st.lists(inner),
    max_leaves=20,
)


@given(LIKE_AN_ANSWER)
def test_whatever_an_engine_says_is_read_or_is_a_source_error(data: object) -> None:
    with suppress(SourceError):
        decode.container(data)
    with suppress(SourceError):
        decode.listed(data)


@given(st.binary() | LIKE_AN_ANSWER.map(lambda data: json.dumps(data).encode()))
def test_whatever_line_comes_is_a_hint_or_nothing(line: bytes) -> None:
    assert isinstance(decode.hint(line), Hint | None)
