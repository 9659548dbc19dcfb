from pathlib import Path

import pytest

from certificates import Authority
from registrator.errors import ConfigError
from registrator_backends.eureka.uri import read_address

PLACES = [
    ("eureka://h:1/eureka", "eureka://h:1/eureka", ["http://h:1"], "/eureka"),
    ("eureka://h:1", "eureka://h:1/eureka", ["http://h:1"], "/eureka"),
    ("eureka:", "eureka://127.0.0.1:8761/eureka", ["http://127.0.0.1:8761"], "/eureka"),
    ("eureka://h/", "eureka://h:8761/eureka", ["http://h:8761"], "/eureka"),
    ("eureka://h/eureka/v2/", "eureka://h:8761/eureka/v2", None, "/eureka/v2"),
    ("eureka://h/a%20b", "eureka://h:8761/a b", None, "/a%20b"),
    (
        "eureka://[fd00::1]:1",
        "eureka://[fd00::1]:1/eureka",
        ["http://[fd00::1]:1"],
        None,
    ),
    (
        "eureka://a:1,b/x",
        "eureka://a:1,b:8761/x",
        ["http://a:1", "http://b:8761"],
        "/x",
    ),
    ("eurekas://h:1", "eurekas://h:1/eureka", ["https://h:1"], None),
    ("eureka://h:1?tls", "eureka://h:1/eureka", ["https://h:1"], None),
    ("eureka://h:1?tls=false", "eureka://h:1/eureka", ["http://h:1"], None),
    ("eureka://user:secret@h:1", "eureka://h:1/eureka", ["http://h:1"], None),
]


@pytest.mark.parametrize(("uri", "shown", "bases", "context"), PLACES)
def test_servers_are_found_by_uri(
    uri: str, shown: str, bases: list[str] | None, context: str | None
) -> None:
    address = read_address(uri)

    assert address.uri == shown
    assert bases is None or [str(place.base) for place in address.places] == bases
    assert context is None or address.context == context


def test_readings_are_half_a_minute_apart_unless_asked_for() -> None:
    assert read_address("eureka://h").poll == 30
    assert read_address("eureka://h?poll=5").poll == 5


@pytest.mark.parametrize(
    ("uri", "header"),
    [
        ("eureka://h", ""),
        ("eureka://user:secret@h", "Basic dXNlcjpzZWNyZXQ="),
        ("eureka://user@h", "Basic dXNlcjo="),
        ("eureka://user:a%40b%3Ac@h", "Basic dXNlcjphQGI6Yw=="),
        ("eureka://us%C3%A9r:p@h", "Basic dXPDqXI6cA=="),
    ],
)
def test_a_user_is_known_by_basic_authentication(uri: str, header: str) -> None:
    assert read_address(uri).authorization() == header


def test_a_password_from_a_file_may_change(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("secret\n")
    address = read_address(f"eureka://user@h?password_file={path}")
    assert address.authorization() == "Basic dXNlcjpzZWNyZXQ="

    path.write_text("another")

    assert address.authorization() == "Basic dXNlcjphbm90aGVy"


def test_a_password_in_a_file_may_be_any_text(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("pass wörd\n")

    address = read_address(f"eureka://user@h?password_file={path}")

    assert address.authorization() == "Basic dXNlcjpwYXNzIHfDtnJk"


def test_certificates_are_loaded_from_files(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue("client")

    address = read_address(
        f"eurekas://h?ca={files.ca}&cert={files.cert}&key={files.key}"
    )

    (place,) = address.places
    assert place.tls is not None
    assert len(place.tls.get_ca_certs()) == 1


MISTAKES = [
    ("eureka://h:99999", ["99999 is no port"]),
    ("eureka://h:port", ["not host:port"]),
    ("eureka://fd00::1:8761", ["not host:port"]),
    ("eureka://a b", ["not a host name"]),
    ("eureka://h:1,h:1", ["a server stands there twice"]),
    ("eureka://h?pol=1", ["unknown option 'pol'"]),
    ("eureka://h?poll=1&poll=2", ["option 'poll' is given twice"]),
    ("eureka://h?poll=0", ["poll is not a number of seconds up to 150"]),
    ("eureka://h?poll=151", ["poll is not"]),
    ("eureka://h?poll=nan", ["poll is not"]),
    ("eureka://h?poll=often", ["poll is not"]),
    ("eureka://h?poll=٣", ["poll is not"]),
    ("eureka://h?tls=maybe", ["option tls is neither true nor false"]),
    ("eurekas://h?tls=false", ["eurekas:// is TLS, always"]),
    ("eureka://h/\ud800", ["the path cannot be printed"]),
    ("eureka://h?ca=/x", ["option ca needs TLS (eurekas:// or ?tls)"]),
    ("eurekas://h?ca=", ["option ca is empty"]),
    ("eurekas://h?ca=/missing", ["/missing: No such file"]),
    ("eurekas://h?cert=/missing", ["a client certificate goes with its key"]),
    ("eureka://h?password_file=/missing", ["goes with a user", "/missing: No such"]),
    ("eureka://u:p@h?password_file=/missing", ["either a password or", "No such"]),
    ("eureka://u@h?password_file=", ["option password_file is empty"]),
]


@pytest.mark.parametrize(("uri", "told"), MISTAKES)
def test_a_mistake_is_told(uri: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(uri)

    text = str(caught.value)
    assert [each for each in told if each not in text] == []


def test_a_password_file_without_a_password_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("\n")

    with pytest.raises(ConfigError, match="it is empty"):
        read_address(f"eureka://u@h?password_file={path}")


def test_all_mistakes_are_told_at_once_without_secrets() -> None:
    uri = (
        "eureka://user:swordfish@h:0,a..b/x"
        "?poll=x&tls=y&ca=/swordfish-no&wrong=swordfish&password_file=/none"
    )
    with pytest.raises(ConfigError) as caught:
        read_address(uri)

    problems = caught.value.problems
    assert len(problems) == 7
    text = "\n".join(problems).replace("/swordfish-no", "")
    assert "swordfish" not in text
    assert "user:" not in text


def test_nothing_secret_stands_in_the_texts_of_an_address(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("swordfish")

    for uri in ("eureka://u:swordfish@h", f"eureka://u@h?password_file={path}"):
        assert "swordfish" not in repr(read_address(uri))
