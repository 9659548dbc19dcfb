from pathlib import Path

import pytest

from registrator_dns.clients.options import NAMES, Limits, read

DEFAULT = Limits(connections=256, idle=10.0, udp_size=1232, rate=0, secret=b"")


def test_by_default_nothing_is_limited_but_connections() -> None:
    mistakes: list[str] = []

    assert read(NAMES, mistakes) == DEFAULT
    assert mistakes == []


def test_everything_can_be_chosen(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("00112233445566778899aabbccDDEEFF\n")
    pairs = {
        "connections": "1",
        "idle": "30",
        "udp-size": "4096",
        "rate-limit": "20",
        "cookie-secret-file": str(file),
    }
    mistakes: list[str] = []

    assert read(pairs, mistakes) == Limits(
        connections=1,
        idle=30.0,
        udp_size=4096,
        rate=20,
        secret=bytes.fromhex("00112233445566778899aabbccddeeff"),
    )
    assert mistakes == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("connections", "0"),
        ("connections", "65536"),
        ("idle", ""),
        ("idle", "0"),
        ("idle", "1.5"),
        ("idle", "-1"),
        ("udp-size", "511"),
        ("udp-size", "4097"),
        ("udp-size", "\xb2000"),
        ("rate-limit", "often"),
        ("rate-limit", "9" * 5000),
    ],
)
def test_a_mistake_names_the_option_and_its_range(name: str, text: str) -> None:
    mistakes: list[str] = []

    read({**NAMES, name: text}, mistakes)

    (mistake,) = mistakes
    assert mistake.startswith(f"{name} {text!r} is not a number from ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"secret", "does not hold hexadecimal digits"),
        (b"\xff\xff", "does not hold hexadecimal digits"),
        (b"", "does not hold 16 octets"),
        (b"aabbcc", "does not hold 16 octets"),
        (b"00" * 17, "does not hold 16 octets"),
    ],
)
def test_a_secret_that_is_none_is_not_repeated(
    tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "cookies"
    file.write_bytes(content)
    mistakes: list[str] = []

    read({**NAMES, "cookie-secret-file": str(file)}, mistakes)

    assert mistakes == [f"cookie-secret-file {str(file)!r} {why}"]


def test_a_secret_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    mistakes: list[str] = []

    read({**NAMES, "cookie-secret-file": str(tmp_path / "none")}, mistakes)

    (mistake,) = mistakes
    assert mistake.endswith("none': No such file or directory")
