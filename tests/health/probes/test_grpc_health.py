import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from hypothesis import given
from hypothesis import strategies as st

from registrator.health.probes.grpc_health import SERVING, failure, request

GARBLED = "answers what is no health message"
FINE = {":status": "200", "grpc-status": "0"}


def framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4) + message


@pytest.mark.parametrize("service", ["", "a.b.C", "ü" * 64, "x" * 127, "x" * 20_000])
def test_a_request_is_what_protobuf_makes_of_it(service: str) -> None:
    written = HealthCheckRequest(service=service).SerializeToString()

    assert request(service) == framed(written)


@given(st.text(max_size=300))
def test_a_request_for_any_service_is_what_protobuf_makes_of_it(service: str) -> None:
    written = HealthCheckRequest(service=service).SerializeToString()

    assert request(service) == framed(written)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0, "does not know how it is (UNKNOWN)"),
        (SERVING, ""),
        (2, "does not serve (NOT_SERVING)"),
        (3, "does not know the service (SERVICE_UNKNOWN)"),
        (300, "answers the unknown health status 300"),
    ],
)
def test_what_a_server_says_is_read_as_protobuf_writes_it(
    status: int, said: str
) -> None:
    message = HealthCheckResponse(status=status)

    assert failure(FINE, framed(message.SerializeToString())) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"\x10\x02\x08\x01", ""),
        (b"\x12\x03abc\x08\x01", ""),
        (b"\x19abcdefgh\x08\x01", ""),
        (b"\x1dabcd\x08\x01", ""),
        (b"\x08\x02\x08\x01", ""),
        (b"\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", ""),
        (
            b"\x0b",
            "answers what is no health message: a field is of the unknown kind 3",
        ),
        (b"\x08", "answers what is no health message: a number is cut short"),
        (b"\x12\x09a", "answers what is no health message: a field is cut short"),
        (b"\x1dabc", "answers what is no health message: a field is cut short"),
        (
            b"\x08" + b"\xff" * 50,
            "answers what is no health message: a number is cut short",
        ),
    ],
)
def test_other_fields_are_passed_over_and_garbage_is_none(
    message: bytes, said: str
) -> None:
    assert failure(FINE, framed(message)) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "its length is wrong"),
        (b"\0\0\0\0\x02\x08", "its length is wrong"),
        (b"\0\0\0\0\x02\x08\x01more", "its length is wrong"),
        (b"\x01\0\0\0\x02\x08\x01", "it is compressed"),
    ],
)
def test_a_body_that_is_no_message_is_said_to_be_none(body: bytes, said: str) -> None:
    assert failure(FINE, body) == f"{GARBLED}: {said}"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "does not speak gRPC: it answers HTTP status "),
        ({":status": "404"}, "does not speak gRPC: it answers HTTP status 404"),
        ({"grpc-status": "5"}, "does not know the service (NOT_FOUND)"),
        (
            {"grpc-status": "7", "grpc-message": "for%20you%0Anot"},
            "does not let us ask (PERMISSION_DENIED): for you not",
        ),
        ({"grpc-status": "99\x1b"}, "answers gRPC status 99"),
    ],
)
def test_a_call_that_failed_is_explained(headers: dict[str, str], said: str) -> None:
    assert failure(headers, b"") == said


@given(st.binary(max_size=40))
def test_no_octets_do_harm(message: bytes) -> None:
    assert isinstance(failure(FINE, framed(message)), str)
