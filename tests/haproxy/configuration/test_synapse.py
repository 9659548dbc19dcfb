"""synapse's configurations, from its documentation and of its users."""

import json
from typing import Any

import pytest

from registrator.errors import ConfigError
from registrator.model import Instance
from registrator_haproxy.configuration.file import Read, read
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render

B = "check inter 2000 rise 3 fall 2"
SERVICE: dict[str, Any] = {
    "discovery": {
        "method": "zookeeper",
        "path": "/airbnb/service/logging/event_collector",
        "hosts": ["zk0.example.com:2181", "zk1.example.com:2181"],
    },
    "haproxy": {"port": 3219, "server_options": B},
}
HAPROXY: dict[str, Any] = {
    "global": ["daemon", "maxconn 4096"],
    "defaults": ["mode http", "timeout connect 5s"],
}


def synapse(top: dict[str, Any] | None = None, **service: Any) -> Read:
    said = {
        "services": {"example": {**SERVICE, **service}},
        "haproxy": {**HAPROXY, **(top or {})},
    }
    return read(json.dumps(said), "synapse.conf.json")


def shown(number: int, **fields: Any) -> Instance:
    usual = {
        "id": str(number),
        "name": "x",
        "port": 5555,
        "address": f"10.0.0.{number}",
    }
    return Instance(**{**usual, **fields})


def stanzas(found: Read, *instances: Instance) -> str:
    return render(plan(found.configuration, {"example": instances}).layout)


def test_the_configuration_of_its_documentation_gives_the_same_stanzas() -> None:
    found = synapse(
        haproxy={
            "port": 3213,
            "server_options": B,
            "listen": [
                "mode http",
                "option httpchk /health",
                "http-check expect string OK",
                "option httplog",
                "timeout client 1h",
            ],
        }
    )

    assert found.notes == ()
    assert stanzas(found, shown(1)).split("\n\n", 3)[3] == (
        "frontend example-in\n"
        "\tbind localhost:3213\n"
        "\tmode http\n"
        "\toption httplog\n"
        "\ttimeout client 1h\n"
        "\tdefault_backend example\n"
        "\n"
        "backend example\n"
        "\tmode http\n"
        "\toption httpchk /health\n"
        "\thttp-check expect string OK\n"
        f"\tserver 10.0.0.1:5555 10.0.0.1:5555 id 1 cookie 10.0.0.1:5555 {B}\n"
    )


def test_its_zookeeper_is_a_registry_in_the_format_of_nerve() -> None:
    service = synapse().configuration.services["example"]

    hosts = "zk0.example.com:2181,zk1.example.com:2181"
    assert service.source == (
        f"zookeeper://{hosts}/airbnb/service/logging?format=nerve",
    )
    assert service.name == "event_collector"


def test_serversets_are_read_as_such() -> None:
    asked = {**SERVICE["discovery"], "decode": {"method": "serverset"}}
    [source] = synapse(discovery=asked).configuration.services["example"].source

    assert source.endswith("?format=serverset")


def line(found: Read, *instances: Instance) -> str:
    [written] = [
        each.strip()
        for each in stanzas(found, *instances).splitlines()
        if each.startswith("\tserver ")
    ]
    return written.removeprefix("server 10.0.0.1:5555 10.0.0.1:5555 ")


@pytest.mark.parametrize(
    ("haproxy", "fields", "words"),
    [
        ({}, {}, f"id 1 cookie 10.0.0.1:5555 {B}"),
        ({"listen": ["mode tcp"]}, {}, f"id 1 {B}"),
        ({"backend": ["mode tcp"]}, {}, f"id 1 {B}"),
        (
            {},
            {"metadata": {"haproxy_server_options": "id 12 backup"}},
            f"cookie 10.0.0.1:5555 {B} id 12 backup",
        ),
        (
            {"server_options": "check port %{port} inter 2000"},
            {"metadata": {"haproxy_server_options": "id 12 backup"}},
            "cookie 10.0.0.1:5555 check port 5555 inter 2000 id 12 backup",
        ),
        (
            {"use_nerve_weights": True, "server_options": ""},
            {"weight": 7},
            "id 1 cookie 10.0.0.1:5555 weight 7",
        ),
    ],
)
def test_servers_have_the_words_that_synapse_gives_them(
    haproxy: dict[str, Any], fields: dict[str, Any], words: str
) -> None:
    found = synapse(haproxy={**SERVICE["haproxy"], **haproxy})

    assert line(found, shown(1, **fields)) == words


def test_a_hashed_cookie_is_the_one_that_synapse_makes() -> None:
    found = synapse(haproxy={**SERVICE["haproxy"], "cookie_value_method": "hash"})
    sha1 = "9e736eef2f5a1d441e34ade3d2a8eb1e3abb1c92"

    assert f"somehost:5555 id 1 cookie {sha1} " in stanzas(
        found, shown(1, address="somehost")
    )


@pytest.mark.parametrize(
    ("order", "names"),
    [("asc", [1, 2, 3]), ("desc", [3, 2, 1]), ("no_shuffle", [2, 3, 1])],
)
def test_its_orders_are_kept(order: str, names: list[int]) -> None:
    found = synapse(haproxy={**SERVICE["haproxy"], "backend_order": order})
    layout = plan(
        found.configuration, {"example": [shown(n) for n in (2, 3, 1)]}
    ).layout

    places = [each.address for each in layout.backends["example"].servers]
    assert places == [f"10.0.0.{n}" for n in names]


def written(found: Read, *instances: Instance) -> list[str]:
    lines = stanzas(found, *instances).splitlines()
    return [each.strip() for each in lines if each.startswith("\tserver ")]


ASCENDING = {**SERVICE["haproxy"], "backend_order": "asc"}


def test_ids_are_given_in_the_order_in_which_servers_are_found() -> None:
    places = {1: "10.11.11.11", 3: "10.22.22.22", 2: "10.10.10.10"}
    instances = [
        shown(n, address=place, container=f"somehost{n}") for n, place in places.items()
    ]

    assert written(synapse(haproxy=ASCENDING), *instances) == [
        f"server {name} {place} id {number} cookie {name} {B}"
        for name, place, number in [
            ("somehost1_10.11.11.11:5555", "10.11.11.11:5555", 1),
            ("somehost2_10.10.10.10:5555", "10.10.10.10:5555", 3),
            ("somehost3_10.22.22.22:5555", "10.22.22.22:5555", 2),
        ]
    ]


def test_an_id_that_a_server_has_is_nobody_elses_and_there_is_a_greatest() -> None:
    third = {"haproxy_server_options": "id 65535"}
    instances = [
        shown(1, address="host1"),
        shown(2, address="host2"),
        shown(3, address="host3", metadata=third),
    ]

    assert written(synapse(haproxy=ASCENDING), *instances) == [
        f"server host1:5555 host1:5555 id 1 cookie host1:5555 {B}",
        f"server host2:5555 host2:5555 id 2 cookie host2:5555 {B}",
        f"server host3:5555 host3:5555 cookie host3:5555 {B} id 65535",
    ]
    fewer = synapse({"max_server_id": "1"}, haproxy=ASCENDING)
    assert fewer.notes == ()
    assert [" id " in each for each in written(fewer, *instances[:2])] == [True, False]


@pytest.mark.parametrize(
    ("haproxy", "bind"),
    [
        ({"port": 2200}, "bind localhost:2200"),
        ({"port": 2200, "bind_address": "10.0.0.1"}, "bind 10.0.0.1:2200"),
        ({"port": 2200, "bind_address": "::1"}, "bind ::1:2200"),
        ({"port": 80, "bind_options": "tfo"}, "bind localhost:80 tfo"),
        (
            {"port": None, "bind_address": "unix@/foo/bar.sock"},
            "bind unix@/foo/bar.sock",
        ),
    ],
)
def test_it_listens_where_synapse_does(haproxy: dict[str, Any], bind: str) -> None:
    assert f"\n\t{bind}\n" in stanzas(synapse(haproxy=haproxy))


def test_without_a_port_there_is_a_backend_only() -> None:
    assert "\nfrontend" not in stanzas(synapse(haproxy={}))


def test_default_servers_serve_as_there() -> None:
    spare = [{"name": "default1", "host": "localhost", "port": "5555"}]
    alone = synapse(default_servers=spare)
    beside = synapse(default_servers=spare, keep_default_servers=True)

    assert "server default1_localhost:5555 localhost:5555" in stanzas(alone)
    nameless = synapse(default_servers=[{"host": "localhost", "port": 5555}])
    assert "server localhost:5555 localhost:5555" in stanzas(nameless)
    assert "default1" not in stanzas(alone, shown(1))
    assert "default1" in stanzas(beside, shown(1))


def test_labels_are_filtered_by() -> None:
    one = {"label": "az", "value": "us-east-1a", "condition": "equals"}
    asked = {**SERVICE["discovery"], "label_filters": [one]}
    found = synapse(discovery=asked)

    assert "10.0.0.1" in stanzas(found, shown(1, metadata={"az": "us-east-1a"}))
    assert "10.0.0.2" not in stanzas(found, shown(2, metadata={"az": "us-west"}))


def test_sections_shared_by_services_are_one() -> None:
    haproxy = {"shared_frontend": ["acl a hdr(host) a", "use_backend example if a"]}
    top = {
        "shared_frontend": ["bind 127.0.0.1:8081"],
        "extra_sections": {"listen stats :3212": ["mode http", "stats enable"]},
    }
    text = stanzas(synapse(top, haproxy=haproxy))

    assert "listen stats\n\tbind :3212\n\tmode http\n\tstats enable\n" in text
    assert (
        "frontend shared-frontend\n\tbind 127.0.0.1:8081\n\tacl a hdr(host) a\n"
        "\tuse_backend example if a\n"
    ) in text


def test_a_disabled_service_is_left_out() -> None:
    assert synapse(haproxy={"disabled": True}).configuration.services == {}


def test_an_empty_answer_is_believed_where_synapse_would() -> None:
    kept = synapse().configuration.services["example"].caution
    gone = (
        synapse(use_previous_backends=False).configuration.services["example"].caution
    )

    assert (kept.keep, gone.keep) == (0.0, 0.001)


def test_what_cannot_be_honoured_is_named() -> None:
    said = {
        "services": {
            "a": {
                "discovery": {"method": "odd", "tag_name": "x"},
                "haproxy": {"backend_name": "c", "odd": 1},
                "file_output": {"odd": 1},
                "odd": 1,
            },
            "b": {"discovery": {**SERVICE["discovery"], "generator_config_path": "x"}},
        },
        "haproxy": {**HAPROXY, "do_checks": True, "strange": 1},
        "statsd": {"host": "x"},
    }

    assert sorted(read(json.dumps(said), "s").notes) == [
        "s: haproxy.do_checks: every file is checked before it is used",
        "s: haproxy.strange: is not known here",
        "s: services.a.discovery.method: odd is not known here: no servers",
        "s: services.a.file_output.odd: is not known here",
        "s: services.a.haproxy.odd: is not known here",
        "s: services.a.odd: is not known here",
        "s: services.b.discovery.generator_config_path: is not known here",
        "s: statsd: is not known here",
    ]


FILES = {"output_directory": "/var/run/synapse"}


def with_files(files: object = FILES, **services: Any) -> Read:
    said = {"services": services, "haproxy": HAPROXY, "file_output": files}
    return read(json.dumps(said), "s")


def test_its_file_output_is_an_output_of_all_services_that_do_not_say_no() -> None:
    off = {"file_output": {"disabled": True}, "haproxy": {"port": 3220}}
    found = with_files(a=SERVICE, b={**SERVICE, **off})

    [output] = found.configuration.outputs
    assert found.notes == ()
    assert (output.directory, output.format) == ("/var/run/synapse", "synapse-json")
    assert output.services == ("a",)


def test_a_service_that_is_not_in_haproxy_has_its_file() -> None:
    off = {
        "disabled": True,
        "port": 1,
        "listen": ["mode tcp"],
        "server_port_override": 9,
    }
    both = {"haproxy": off, "file_output": {"disabled": True}}
    found = with_files(a={**SERVICE, "haproxy": off}, b={**SERVICE, **both})

    [output] = found.configuration.outputs
    assert output.services == ("a",)
    assert list(found.configuration.services) == ["a"]
    assert found.configuration.services["a"].listen is None
    assert found.configuration.services["a"].port == 9


def test_where_no_service_has_a_file_there_is_no_output() -> None:
    off = {"disabled": True}
    found = with_files({**FILES, "strange": 1}, a={**SERVICE, "file_output": off})

    assert found.configuration.outputs == ()
    assert found.notes == ("s: file_output.strange: is not known here",)


def test_a_section_without_an_address_in_its_title_is_as_it_is_there() -> None:
    extra = {"extra_sections": {"resolvers here": ["nameserver a 10.0.0.1:53"]}}
    said = {"services": {"a": SERVICE}, "haproxy": {**HAPROXY, **extra}}
    text = stanzas(read(json.dumps(said), "s"))

    assert "resolvers here\n\tnameserver a 10.0.0.1:53\n" in text


def test_files_without_a_directory_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="either `file` or `directory`"):
        with_files({}, a=SERVICE)


def test_mistakes_in_it_are_mistakes() -> None:
    with pytest.raises(ConfigError) as refused:
        synapse(backend_port_override="eighty", haproxy={"port": "x"})

    assert "services.example.port" in str(refused.value)
    assert "services.example.listen" in str(refused.value)


@pytest.mark.parametrize(
    "service",
    [
        {"haproxy": {"listen": 5}},
        {"haproxy": {"shared_frontend": 5}},
        {"default_servers": ["a"]},
        {"discovery": {"method": "zookeeper", "hosts": 5}},
    ],
)
def test_what_synapse_would_not_take_is_a_mistake_too(service: dict[str, Any]) -> None:
    with pytest.raises(
        ConfigError, match=r"synapse.conf.json: synapse has other values"
    ):
        synapse(**service)


def test_a_service_that_is_no_table_is_a_mistake() -> None:
    said = {"services": {"a": "x", "b": SERVICE}}
    with pytest.raises(ConfigError, match="synapse has other values"):
        read(json.dumps(said), "s")
