"""What an operator reads when a peer cannot be reached."""

import errno
import ssl

import pytest

from registrator.health.reasons import reason


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ECONNREFUSED, "connection refused"),
        (errno.EHOSTUNREACH, "no route to host"),
        (errno.ENETUNREACH, "network is unreachable"),
        (errno.ECONNRESET, "connection reset by peer"),
        (errno.ETIMEDOUT, "connection timed out"),
    ],
)
def test_the_system_s_word_is_taken(number: int, said: str) -> None:
    assert reason(OSError(number, "Connect call failed ('10.0.0.1', 80)")) == said


def test_what_has_no_number_says_what_it_is() -> None:
    assert reason(OSError("SSL handshake is taking longer")) == (
        "ssl handshake is taking longer"
    )
    assert reason(ConnectionResetError()) == "the connection was closed"


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("WRONG_VERSION_NUMBER", "no TLS is spoken there"),
        ("UNEXPECTED_EOF_WHILE_READING", "the connection was closed within TLS' hand"),
        ("NO_SHARED_CIPHER", "TLS fails: no shared cipher"),
    ],
)
def test_what_tls_met_is_told(why: str, said: str) -> None:
    error = ssl.SSLError(1, "[SSL] something (_ssl.c:1006)")
    error.reason = why

    assert reason(error).startswith(said)


def test_what_tls_has_no_word_for_is_told_as_it_is() -> None:
    assert reason(ssl.SSLError(1, "Broken")) == "TLS fails: broken"


def refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "certificate is not valid yet"),
        (10, "certificate has expired"),
        (18, "certificate is self-signed and not trusted: -check-ca names what is"),
        (62, "certificate is for another name than web"),
        (64, "certificate is for another address than web"),
        (26, "certificate is refused: unsuitable certificate purpose"),
    ],
)
def test_every_fault_of_a_certificate_has_its_sentence(code: int, said: str) -> None:
    assert reason(refused(code, "Unsuitable certificate purpose."), "web") == said
