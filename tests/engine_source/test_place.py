"""URIs of engines."""

from pathlib import Path

import pytest
import trustme

from registrator.engine_source.place import read_place
from registrator.errors import ConfigError


@pytest.mark.parametrize(
    ("uri", "url", "shown", "host"),
    [
        (
            "docker://10.0.0.2:2375",
            "http://10.0.0.2:2375",
            "docker://10.0.0.2:2375",
            "10.0.0.2",
        ),
        ("docker://far", "http://far:2375", "docker://far", "far"),
        (
            "docker://[::2]",
            "http://[::2]:2375",
            "docker://[::2]",
            "::2",
        ),
        ("docker://me:pw@far/x", "http://me:pw@far:2375/x", "docker://far/x", "far"),
        ("docker-tls://far", "https://far:2376", "docker-tls://far", "far"),
        ("docker-unix:///run/d", "http://localhost", "docker-unix:///run/d", ""),
        ("DOCKER-unix:///a%20b", "http://localhost", "docker-unix:///a%20b", ""),
    ],
)
def test_an_uri_names_an_engine(uri: str, url: str, shown: str, host: str) -> None:
    place = read_place(uri, {"DOCKER_HOST": "tcp://another"})

    assert (place.endpoint.url, place.uri, place.host) == (url, shown, host)


def test_without_a_place_it_is_the_engine_that_the_docker_command_asks() -> None:
    place = read_place("docker://", {"DOCKER_HOST": "tcp://10.0.0.9:99"})
    local = read_place("docker://", {"DOCKER_HOST": "unix:///run/me.sock"})

    assert (place.host, place.endpoint.url) == ("10.0.0.9", "http://10.0.0.9:99")
    assert (local.host, local.endpoint.socket) == ("", Path("/run/me.sock"))


def test_a_socket_is_where_the_uri_says() -> None:
    assert read_place("docker-unix:///a%20b", {}).endpoint.socket == Path("/a b")


def test_certificates_are_files() -> None:
    with pytest.raises(ConfigError) as error:
        read_place("docker-tls://far?ca=/no/ca.pem&cert=/no/cert.pem", {})

    assert error.value.problems == (
        "/no/ca.pem: no such file or directory",
        "/no/cert.pem: a certificate and its key only work together",
    )


def test_files_are_not_shown(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")

    place = read_place(f"docker-tls://far?ca={tmp_path}/ca.pem&address=10.0.0.1", {})

    assert place.uri == "docker-tls://far?address=10.0.0.1"
    assert place.endpoint.tls is not None
    assert place.endpoint.tls.authority == tmp_path / "ca.pem"


def test_what_is_wanted_tells_sources_of_one_engine_apart() -> None:
    place = read_place("docker://far?image=host:5000/web:1&port=80", {})

    assert place.uri == "docker://far?image=host:5000/web:1&port=80"
    assert place.port == 80
    assert place.image is not None


@pytest.mark.parametrize(
    ("query", "mistakes"),
    [
        (
            "color=red&ca=x",
            [
                "unknown option 'color' (known: address, image, port)",
                "unknown option 'ca' (known: address, image, port)",
            ],
        ),
        ("image=a&image=b&port=1", ["option 'image' is given twice"]),
        ("image=web", ["image and port, the container's, only work together"]),
        ("port=80", ["image and port, the container's, only work together"]),
        ("image=web&port=0", ["port is not a number from 1 to 65535"]),
        ("image=web&port=65536", ["port is not a number from 1 to 65535"]),
        ("image=web&port=x", ["port is not a number from 1 to 65535"]),
        (
            "image=&port=1",
            ["'' names no image, as web and host:5000/web:2 do"],
        ),
        ("address=here", ["address is not an IP address that clients can reach"]),
        ("address=0.0.0.0", ["address is not an IP address that clients can reach"]),
        (
            "address=::1%2",
            ["address is not an IP address that clients can reach"],
        ),
    ],
)
def test_every_mistake_is_told(query: str, mistakes: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        read_place(f"docker://me:secret@far?{query.replace('%', '%25')}", {})

    assert list(error.value.problems) == [f"docker://far: {each}" for each in mistakes]


def test_an_address_of_no_engine_is_told_with_the_options_mistakes() -> None:
    with pytest.raises(ConfigError) as error:
        read_place("docker://far:99999?color=red", {})

    assert len(error.value.problems) == 2
    assert error.value.problems[1] == (
        "docker: tcp://far:99999: the port is not a number from 1 to 65535"
    )
