"""Addresses as users give them; docker 20.10 and 28.2 were asked what they mean."""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as form

from registrator.engine import Endpoint, resolve
from registrator.engine.tls import Tls
from registrator.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home)}


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


def write_context(
    docker: Path, name: str, endpoint: object, files: Mapping[str, bytes] = {}
) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = docker / "contexts" / "meta" / key
    meta.mkdir(parents=True)
    described = {"Name": name, "Endpoints": {"docker": endpoint}}
    (meta / "meta.json").write_text(json.dumps(described))
    tls = docker / "contexts" / "tls" / key / "docker"
    tls.mkdir(parents=True)
    for file, data in files.items():
        (tls / file).write_bytes(data)


def use_context(docker: Path, name: str) -> None:
    docker.mkdir(exist_ok=True)
    (docker / "config.json").write_text(json.dumps({"currentContext": name}))


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        yield


def mistakes(environment: Mapping[str, str], host: str = "") -> Sequence[str]:
    with pytest.raises(ConfigError) as caught:
        resolve(environment, host)
    return caught.value.problems


@pytest.mark.parametrize(
    ("host", "url", "description"),
    [
        ("tcp://10.0.0.1:2375", "http://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("tcp://10.0.0.1", "http://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("tcp://:4243", "http://localhost:4243", "tcp://localhost:4243"),
        ("tcp://", "http://localhost:2375", "tcp://localhost:2375"),
        ("10.0.0.1:2375", "http://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("tcp://[::1]:99", "http://[::1]:99", "tcp://[::1]:99"),
        ("tcp://[fd00::1]", "http://[fd00::1]:2375", "tcp://[fd00::1]:2375"),
        ("tcp://box/docker/", "http://box:2375/docker", "tcp://box:2375/docker"),
        ("http://box", "http://box:80", "http://box:80"),
        ("https://box", "https://box:443", "https://box:443"),
        ("tcp://me:secret@box:1", "http://me:secret@box:1", "tcp://box:1"),
    ],
)
def test_an_address_on_the_network_is_taken_as_docker_takes_it(
    environment: dict[str, str], host: str, url: str, description: str
) -> None:
    endpoint = resolve(environment | {"DOCKER_HOST": host})

    assert (endpoint.url, endpoint.description) == (url, description)
    assert endpoint.socket is None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("unix:///run/docker.sock", "/run/docker.sock"),
        ("unix:///run/a b?c#d@e.sock", "/run/a b?c#d@e.sock"),
        ("unix://", "/var/run/docker.sock"),
    ],
)
def test_a_unix_socket_is_taken_by_its_path(
    environment: dict[str, str], host: str, path: str
) -> None:
    endpoint = resolve(environment, host)

    assert endpoint == Endpoint(
        url="http://localhost", socket=Path(path), description=f"unix://{path}"
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("ssh://me@box", "ssh is not spoken here: forward the engine's socket, as in "),
        ("npipe:////./pipe/docker_engine", "windows named pipes are not spoken here"),
        ("fd://", "fd:// means something to the engine only"),
        ("ftp://box", "not an address of a container engine: give unix://, tcp://"),
        ("/run/docker.sock", "not an address of a container engine: give unix://"),
        ("unix://run/docker.sock", "the socket's path does not begin with /"),
        (f"unix:///{'x' * 107}", "the path has more than 107 bytes"),
        ("tcp://box:0", "the port is not a number from 1 to 65535"),
        ("tcp://box:65536", "the port is not a number from 1 to 65535"),
        ("tcp://box:http", "the port is not a number from 1 to 65535"),
        ("tcp://fd00::1:2375", "the port is not a number from 1 to 65535"),
        ("tcp://[fd00::1:2375", "the host is neither a name nor an address"),
        ("tcp://[fd00::zz]:1", "the host is neither a name nor an address"),
        ("tcp://[fd00:::1]:1", "the host is neither a name nor an address"),
        ("tcp://[v1.a:b]:1", "the host is neither a name nor an address"),
        ("tcp://b ox:1", "the host is neither a name nor an address"),
        ("tcp://box:1?x=y", "there is nothing to ask for with ? or #"),
    ],
)
def test_what_cannot_be_an_address_is_refused_with_the_reason(
    environment: dict[str, str], host: str, reason: str
) -> None:
    (mistake,) = mistakes(environment | {"DOCKER_HOST": host})

    assert mistake.startswith(f"DOCKER_HOST {host.replace('me@', '')}: {reason}")


def test_a_refusal_does_not_show_the_password(environment: dict[str, str]) -> None:
    (mistake,) = mistakes(environment, "tcp://me:secret@box:0")

    assert mistake == (
        "--docker-host tcp://box:0: the port is not a number from 1 to 65535"
    )


def test_all_mistakes_are_told_at_once(environment: dict[str, str]) -> None:
    environment |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}

    port, host, certificate = mistakes(environment | {"DOCKER_HOST": "tcp://b ox:0?"})

    assert "the port is not" in port
    assert "the host is neither" in host
    assert certificate == "/nowhere/ca.pem: no such file or directory"


@pytest.mark.parametrize(
    ("given", "variables", "port"),
    [
        ("tcp://h:1", {"DOCKER_HOST": "tcp://h:2", "DOCKER_CONTEXT": "three"}, 1),
        ("", {"DOCKER_HOST": "tcp://h:2", "DOCKER_CONTEXT": "three"}, 2),
        ("", {"DOCKER_HOST": "", "DOCKER_CONTEXT": "three"}, 3),
        ("", {"DOCKER_CONTEXT": "three"}, 3),
        ("", {"DOCKER_CONTEXT": ""}, 4),
        ("", {}, 4),
    ],
)
def test_the_option_beats_docker_host_beats_docker_context_beats_the_current_context(
    home: Path,
    environment: dict[str, str],
    given: str,
    variables: dict[str, str],
    port: int,
) -> None:
    write_context(home / ".docker", "three", {"Host": "tcp://h:3"})
    write_context(home / ".docker", "four", {"Host": "tcp://h:4"})
    use_context(home / ".docker", "four")

    assert resolve(environment | variables, given).url == f"http://h:{port}"


def test_docker_config_names_another_directory_of_contexts(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write_context(tmp_path / "else", "prod", {"Host": "tcp://h:5"})
    use_context(tmp_path / "else", "prod")

    endpoint = resolve(environment | {"DOCKER_CONFIG": str(tmp_path / "else")})

    assert endpoint.url == "http://h:5"


def test_the_context_named_default_means_the_sockets(
    home: Path, environment: dict[str, str]
) -> None:
    write_context(home / ".docker", "prod", {"Host": "tcp://h:5"})
    use_context(home / ".docker", "prod")

    endpoint = resolve(
        environment | {"DOCKER_CONTEXT": "default"}, sockets=[home / "d.sock"]
    )

    assert endpoint.socket == home / "d.sock"


def test_the_first_socket_that_exists_is_taken(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "one").mkdir()
    with listening(tmp_path / "two"):
        endpoint = resolve(environment, sockets=[tmp_path / "one", tmp_path / "two"])

    assert endpoint.socket == tmp_path / "two"


def test_without_any_socket_the_first_is_waited_for(
    environment: dict[str, str],
) -> None:
    endpoint = resolve({}, sockets=[Path("/nowhere/a"), Path("/nowhere/b")])

    assert endpoint.socket == Path("/nowhere/a")


def test_the_sockets_are_dockers_own_and_the_one_registrator_users_mount() -> None:
    assert resolve({}).description in {
        "unix:///var/run/docker.sock",
        "unix:///tmp/docker.sock",
    }


@pytest.mark.parametrize("value", ["1", "0", "false"])
def test_any_text_in_docker_tls_verify_asks_for_tls(
    tmp_path: Path, environment: dict[str, str], authority: trustme.CA, value: str
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    environment |= {"DOCKER_TLS_VERIFY": value, "DOCKER_CERT_PATH": str(tmp_path)}

    endpoint = resolve(environment | {"DOCKER_HOST": "tcp://box"})

    assert endpoint.url == "https://box:2376"
    assert endpoint.tls == Tls(authority=tmp_path / "ca.pem")


def test_certificates_are_looked_for_in_the_docker_directory(
    home: Path, environment: dict[str, str], authority: trustme.CA
) -> None:
    (home / ".docker").mkdir()
    write_certificates(home / ".docker", authority)

    endpoint = resolve(environment | {"DOCKER_TLS_VERIFY": "1"}, "tcp://box")

    assert endpoint.tls == Tls(
        authority=home / ".docker" / "ca.pem",
        certificate=home / ".docker" / "cert.pem",
        key=home / ".docker" / "key.pem",
    )


def test_a_unix_socket_goes_without_tls(environment: dict[str, str]) -> None:
    endpoint = resolve(environment | {"DOCKER_TLS_VERIFY": "1"}, "unix:///d.sock")

    assert endpoint.tls is None


def test_https_goes_with_what_the_system_trusts(environment: dict[str, str]) -> None:
    assert resolve(environment, "https://box").tls == Tls()


def test_http_is_refused_where_tls_is_asked_for(
    tmp_path: Path, environment: dict[str, str], authority: trustme.CA
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    environment |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    (mistake,) = mistakes(environment, "http://box")

    assert mistake == (
        "--docker-host http://box: http:// goes without TLS, and TLS is asked for:"
        " give tcp://"
    )


def write_certificates(directory: Path, authority: trustme.CA) -> None:
    issued = authority.issue_cert("client")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    issued.private_key_pem.write_to_path(directory / "key.pem")


@pytest.mark.parametrize(
    ("file", "data", "problem"),
    [
        ("ca.pem", b"junk", "ca.pem: not usable: "),
        ("cert.pem", b"junk", "cert.pem: not usable: "),
        ("key.pem", b"junk", "cert.pem: not usable: "),
        ("cert.pem", None, "key.pem: a certificate and its key only work together"),
        ("key.pem", None, "cert.pem: a certificate and its key only work together"),
    ],
)
def test_certificates_that_cannot_be_used_are_refused_by_name(
    tmp_path: Path,
    environment: dict[str, str],
    authority: trustme.CA,
    file: str,
    data: bytes | None,
    problem: str,
) -> None:
    write_certificates(tmp_path, authority)
    if data is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(data)
    environment |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    (mistake,) = mistakes(environment, "tcp://box")

    assert mistake.startswith(f"{tmp_path}/{problem}")


def test_a_key_that_wants_a_password_is_refused_without_asking_for_it(
    tmp_path: Path, environment: dict[str, str], authority: trustme.CA
) -> None:
    write_certificates(tmp_path, authority)
    (tmp_path / "key.pem").write_bytes(locked_key((tmp_path / "key.pem").read_bytes()))
    environment |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    (mistake,) = mistakes(environment, "tcp://box")

    assert mistake.startswith(f"{tmp_path}/cert.pem: not usable: ")


def locked_key(pem: bytes) -> bytes:
    key = form.load_pem_private_key(pem, None)
    return key.private_bytes(
        form.Encoding.PEM,
        form.PrivateFormat.PKCS8,
        form.BestAvailableEncryption(b"secret"),
    )


def test_a_context_brings_its_own_certificates(
    home: Path, environment: dict[str, str], authority: trustme.CA
) -> None:
    write_context(
        home / ".docker",
        "prod",
        {"Host": "tcp://box", "SkipTLSVerify": False},
        {"ca.pem": authority.cert_pem.bytes()},
    )

    endpoint = resolve(environment | {"DOCKER_CONTEXT": "prod"})

    assert endpoint.url == "https://box:2376"
    assert endpoint.tls is not None
    assert endpoint.tls.authority is not None
    assert endpoint.tls.authority.read_bytes() == authority.cert_pem.bytes()
    assert endpoint.tls.verify


def test_a_context_may_ask_for_tls_without_proof(
    home: Path, environment: dict[str, str]
) -> None:
    endpoint = {"Host": "tcp://box", "SkipTLSVerify": True}
    write_context(home / ".docker", "lax", endpoint)

    assert resolve(environment | {"DOCKER_CONTEXT": "lax"}).tls == Tls(verify=False)


def test_a_context_is_not_touched_by_the_tls_variables(
    home: Path, environment: dict[str, str]
) -> None:
    write_context(home / ".docker", "prod", {"Host": "tcp://box"})

    endpoint = resolve(
        environment | {"DOCKER_CONTEXT": "prod", "DOCKER_TLS_VERIFY": "1"}
    )

    assert endpoint.tls is None


def test_a_context_that_does_not_exist_is_refused(
    home: Path, environment: dict[str, str]
) -> None:
    (mistake,) = mistakes(environment | {"DOCKER_CONTEXT": "../../etc"})

    key = hashlib.sha256(b"../../etc").hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / key / "meta.json"
    assert mistake == f"docker context ../../etc: there is no {meta}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON: "),
        ("[]", "names no docker host"),
        ("{}", "names no docker host"),
        ('{"Endpoints": {"kubernetes": {}}}', "names no docker host"),
        ('{"Endpoints": {"docker": {"Host": 7}}}', "names no docker host"),
    ],
)
def test_a_context_that_names_no_engine_is_refused(
    home: Path, environment: dict[str, str], text: str, problem: str
) -> None:
    write_context(home / ".docker", "prod", {})
    (meta,) = (home / ".docker" / "contexts" / "meta").glob("*/meta.json")
    meta.write_text(text)

    (mistake,) = mistakes(environment | {"DOCKER_CONTEXT": "prod"})

    assert mistake.startswith("docker context prod: ")
    assert problem in mistake


def test_a_configuration_that_cannot_be_read_is_refused(
    home: Path, environment: dict[str, str]
) -> None:
    (home / ".docker" / "config.json").mkdir(parents=True)

    assert mistakes(environment) == (f"{home}/.docker/config.json: is a directory",)


def test_a_configuration_without_a_current_context_is_no_mistake(
    home: Path, environment: dict[str, str]
) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text('{"currentContext": 7}')

    assert resolve(environment, sockets=[home / "d.sock"]).socket == home / "d.sock"
