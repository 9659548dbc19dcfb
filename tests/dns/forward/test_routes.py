from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator_dns import names
from registrator_dns.forward.options import read
from registrator_dns.forward.resolv_conf import ResolvConf
from registrator_dns.forward.routes import Routes
from upstreams import options_with

LISTEN = [("127.0.0.1", 53)]


def routes(file: Path = Path("/nonexistent"), **pairs: str) -> Routes:
    return Routes(read(options_with(**pairs), []), ResolvConf(file))


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("corp.example", "10.0.0.2"),
        ("www.corp.example", "10.0.0.2"),
        ("lab.corp.example", "10.0.0.3"),
        ("x.y.lab.corp.example", "10.0.0.3"),
        ("example", None),
        ("notcorp.example", None),
        ("corp.example.org", None),
    ],
)
def test_a_name_goes_to_the_servers_of_its_longest_zone(
    name: str, server: str | None
) -> None:
    some = routes(zone_upstream="corp.example=10.0.0.2;lab.corp.example=10.0.0.3")

    expected = ((server, 53),) if server else None
    assert some.zone(names.parse(name)) == expected


def test_all_other_names_go_to_the_upstreams() -> None:
    assert routes(upstream="10.0.0.1").others() == (("10.0.0.1", 53),)
    assert routes(zone_upstream="a=10.0.0.1").others() is None


def test_of_resolv_conf_those_are_left_out_that_are_this_responder(
    tmp_path: Path,
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\nnameserver 10.0.0.9\n")
    some = routes(file, upstream="resolv.conf")
    some.open(LISTEN)

    assert some.others() == (("10.0.0.9", 53),)
    assert some.others() is some.others()


def test_an_upstream_that_is_this_responder_is_a_mistake() -> None:
    some = routes(
        upstream="127.0.0.1,10.0.0.1", zone_upstream="a=127.0.0.2,127.0.0.1:54"
    )
    some.open([("127.0.0.1", 55)])

    with pytest.raises(ConfigError) as told:
        some.open([("0.0.0.0", 53)])

    assert told.value.problems == (
        "dns: upstream 127.0.0.1:53 is this responder itself",
        "dns: upstream 127.0.0.2:53 is this responder itself",
    )
