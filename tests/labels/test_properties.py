"""Whatever a container says of itself: an answer, and nothing that breaks a store."""

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from labels.making import container, rules
from registrator.errors import ConfigError
from registrator.fitness import Health
from registrator.labels import Decision, TagTemplate, TemplateError, decide
from registrator.labels.functions import MAX_TEXT
from registrator.model import (
    Binding,
    Container,
    Network,
    Port,
    Service,
    State,
    Transport,
)

TRANSPORTS: list[Transport] = ["tcp", "udp", "sctp"]
WORDS = [
    *("name", "id", "tags", "ignore", "network", "ports", "ip_version", "weight"),
    *("priority", "tagged_address_wan", "enable_tag_override", "region", "check_http"),
    *("check_tcp", "check_interval", "check_2_script", "check_2_ttl", "check_cmd"),
    *("check_header", "check_grpc", "check_initial_status", ""),
]
SCOPES = ["", "80_", "80_UDP_", "80_tcp_", "1-100_", "53-53_udp_", "9_", "080_", "5-_"]
VALUES = ["", "true", "false", "a", "web", "a,b", "..", "/", "10s", "80", "53/udp"]
VALUES += ["1-3", "10.1.2.3", "::1", "mynet", "6", "x" * 600, "a\nb", "a b", "passing"]

texts = st.text(max_size=30) | st.sampled_from(VALUES)
keys = st.text(max_size=20) | st.builds(
    "SERVICE_{}{}".format, st.sampled_from(SCOPES), st.sampled_from(WORDS) | st.text()
)
addresses = texts | st.ip_addresses().map(str) | st.sampled_from(["0.0.0.0", "::", ""])
ports = st.builds(
    Port,
    st.sampled_from([53, 80, 443]) | st.integers(1, 65535),
    st.sampled_from(TRANSPORTS),
)
bindings = st.builds(
    Binding, address=addresses, port=st.integers(1, 65535) | st.integers()
)
networks = st.builds(
    Network,
    name=st.sampled_from(["bridge", "mynet", "ingress"]) | texts,
    ipv4=addresses,
    ipv6=addresses,
)
modes = st.sampled_from(
    ["", "default", "bridge", "host", "none", "mynet", "container:0123", "container:"]
)
containers = st.builds(
    container,
    name=st.sampled_from(["nginx.0", "web"]) | texts,
    image=st.sampled_from(["nginx:1", "a/b@sha256:0", "sha256:" + "0" * 64]) | texts,
    state=st.sampled_from([State.RUNNING, State.PAUSED, State.EXITED]),
    health=st.sampled_from(Health),
    environment=st.lists(st.tuples(keys, texts), max_size=8).map(tuple),
    labels=st.dictionaries(keys, texts, max_size=8),
    network_mode=modes | texts,
    networks=st.lists(networks, max_size=3).map(tuple),
    exposed=st.lists(ports, max_size=4).map(tuple),
    published=st.dictionaries(
        ports, st.lists(bindings, max_size=3).map(tuple), max_size=4
    ),
)
orders = st.builds(
    rules,
    node=st.sampled_from(["testhost"]) | texts,
    host_ipv4=st.sampled_from(["192.168.1.9", ""]),
    host_ipv6=st.sampled_from(["fd00:1::9", ""]),
    ip=st.sampled_from(["", "10.0.0.1", "fd00::1"]),
    internal=st.booleans(),
    explicit=st.booleans(),
    ip_label=st.sampled_from(["", "SERVICE_80_name"]),
    network=st.sampled_from(["", "mynet"]),
)


def services(decisions: tuple[Decision, ...]) -> list[Service]:
    return [each.service for each in decisions if each.service is not None]


def assert_sound(service: Service) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.:@+-]{1,255}", service.id)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", service.name)
    assert all(0 < len(part) <= 63 for part in service.name.split("."))
    assert not ip_address(service.address).is_unspecified
    assert 1 <= service.port <= 65535
    assert 1 <= service.weight <= 65535
    assert all(tag.isprintable() and len(tag) <= 1024 for tag in service.tags)
    for key, value in service.metadata.items():
        assert re.fullmatch(r"[a-z0-9_-]{1,128}", key)
        assert value.isprintable()
        assert len(value.encode()) <= 512
    for address, port in service.tagged_addresses.values():
        assert not ip_address(address).is_unspecified
        assert 1 <= port <= 65535
    for check in service.checks:
        assert check.kind == "ttl" or (check.interval or 0) > 0
        assert check.target.isprintable()


@settings(max_examples=200)
@given(containers, orders, st.none() | containers)
def test_every_container_gets_an_answer_that_every_store_takes(
    subject: Container, order: object, joined: Container | None
) -> None:
    found = decide(subject, order, joined)  # type: ignore[arg-type]  # built by `rules`

    assert found
    for service in services(found):
        assert_sound(service)
    for each in found:
        assert each.reason.isprintable()
        assert len(each.reason) < 300
        assert all(note.isprintable() and len(note) < 300 for note in each.notes)
    ids = [service.id for service in services(found)]
    assert len(ids) == len(set(ids))


@given(containers, st.randoms(use_true_random=False))
def test_the_order_of_labels_networks_and_ports_means_nothing(
    subject: Container, random: Random
) -> None:
    labels = random.sample(sorted(subject.labels.items()), len(subject.labels))
    exposed = random.sample(subject.exposed, len(subject.exposed))
    published = random.sample(sorted(subject.published.items()), len(subject.published))
    named = {network.name: network for network in subject.networks}
    once = replace(subject, networks=tuple(named.values()))
    turned = replace(
        once,
        labels=dict(labels),
        networks=tuple(random.sample(once.networks, len(once.networks))),
        exposed=tuple(exposed),
        published=dict(published),
    )

    assert decide(turned, rules()) == decide(once, rules())


FRAGMENTS = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", " ", ",", ".ID", ".Config.Env"),
    *("if ", "else", "end", "range ", "with ", "$x", " := ", "$", ".", "|", "(", ")"),
    *(
        "index ",
        "strSlice ",
        "printf ",
        "`%s`",
        '"a"',
        "'a'",
        "0",
        "-1",
        "len ",
        "not ",
    ),
    *(
        "for a in ",
        "endfor",
        "Config",
        "Id",
        "[",
        "]",
        ".split(",
        "loop",
        "*",
        "/*",
        "*/",
    ),
    *("eq ", "and ", "Name", "is ", "default", "\n", "\\", "join ", "set ", "=", "~"),
]
ATTRIBUTES = {
    "Id": "e20f9c1a7656",
    "Name": "/redis.0",
    "Config": {"Env": ["A=1", "B=2"], "Labels": {"x": "y" * 2000}, "Cmd": None},
}
templates = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)
wrapped = st.builds("{}{}{}".format, st.just("{{"), templates, st.just("}}"))


@settings(max_examples=400)
@given(templates | wrapped | st.text())
def test_every_template_is_refused_or_fails_or_gives_tags(text: str) -> None:
    with suppress(ConfigError, TemplateError):
        tags = TagTemplate.parse(text).render(container(attributes=ATTRIBUTES))
        assert sum(map(len, tags)) <= MAX_TEXT


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Id", "Config", "Env", "Labels"]), inner)
    ),
    max_leaves=8,
)
WORKING = [
    "{{.Config.Env}}",
    "{{range $k, $v := .Config.Labels}}{{$k}}{{$v}}{{end}}",
    '{{strSlice .ID 0 12}}{{index .Config.Labels "x"}}',
    '{{with .Config}}{{join "," .Env}}{{end}}',
    "{{ Config.Labels | length }}{{ Id[:12] | upper }}",
    "{% for e in Config.Env if e.startswith('A') %}{{ e }}{% endfor %}",
]
COMPILED = [TagTemplate.parse(text) for text in WORKING]


@given(
    st.sampled_from(COMPILED), st.dictionaries(st.sampled_from(["Id", "Config"]), json)
)
def test_a_template_meets_any_answer_of_an_engine(
    template: TagTemplate, attributes: dict[str, object]
) -> None:
    with suppress(TemplateError):
        tags = template.render(container(attributes=attributes))
        assert all(tag.isprintable() for tag in tags)
