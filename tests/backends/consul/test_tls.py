import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from registrator.errors import ConfigError
from registrator_backends.consul.tls import read_tls


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of ca, cert, key, the key of another, a locked key, and junk."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca")
    client, other = authority.issue_cert("client"), authority.issue_cert("other")
    client.cert_chain_pems[0].write_to_path(directory / "cert")
    client.private_key_pem.write_to_path(directory / "key")
    other.private_key_pem.write_to_path(directory / "other")
    locked = load_pem_private_key(client.private_key_pem.bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (directory / "locked").write_bytes(locked)
    (directory / "junk").write_text("junk")
    return directory


def test_only_the_named_authority_is_trusted(files: Path) -> None:
    context = read_tls({}, {"CONSUL_CACERT": str(files / "ca")})

    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_option_wins_over_its_variable(files: Path) -> None:
    read_tls({"ca": str(files / "ca")}, {"CONSUL_CACERT": "/nowhere"})


def test_every_file_of_a_directory_is_trusted(files: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        trustme.CA().cert_pem.write_to_path(tmp_path / name)
    (tmp_path / "directory").mkdir()

    context = read_tls({}, {"CONSUL_CAPATH": str(tmp_path)})

    assert len(context.get_ca_certs()) == 2


def test_the_system_is_trusted_where_nobody_is_named() -> None:
    context = read_tls({}, {})

    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_client_certificate_is_taken_with_its_key(files: Path) -> None:
    options = {"cert": str(files / "cert")}

    read_tls(options, {"CONSUL_CLIENT_KEY": str(files / "key")})


def test_verification_can_be_turned_off() -> None:
    context = read_tls({}, {"CONSUL_HTTP_SSL_VERIFY": "false"})

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({"ca": "/nowhere"}, {}, ["/nowhere: No such file"]),
        ({"ca": "junk"}, {}, ["junk: NO CERTIFICATE OR CRL FOUND"]),
        ({"ca": "."}, {}, ["Is a directory"]),
        ({}, {"CONSUL_CAPATH": "/nowhere"}, ["/nowhere: No such file"]),
        ({"cert": "cert"}, {}, ["cert: a client certificate goes with its key"]),
        ({"key": "/nowhere"}, {}, ["/nowhere: a client", "/nowhere: No such file"]),
        ({"cert": "cert", "key": "other"}, {}, ["other: KEY VALUES MISMATCH"]),
        (
            {"cert": "cert", "key": "locked"},
            {},
            ["cert with locked: not PEM, or locked"],
        ),
        ({"cert": "junk", "key": "key"}, {}, ["junk with key: not PEM"]),
        ({}, {"CONSUL_HTTP_SSL_VERIFY": "no"}, ["CONSUL_HTTP_SSL_VERIFY: 'no'"]),
        (
            {"ca": "/1", "cert": "/2", "key": "/3"},
            {"CONSUL_HTTP_SSL_VERIFY": "never"},
            ["'never'", "/1: ", "/2: ", "/3: "],
        ),
    ],
)
def test_every_mistake_is_told_at_once(
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    environment: dict[str, str],
    expected: list[str],
) -> None:
    monkeypatch.chdir(files)

    with pytest.raises(ConfigError) as caught:
        read_tls(options, environment)

    told = caught.value.problems
    assert len(told) == len(expected)
    assert all(part in problem for part, problem in zip(expected, told, strict=True))
