import socket

import pytest

from registrator_haproxy.process.listening import addresses, taken
from servers import free_ports


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  bind 127.0.0.1:80", {("127.0.0.1", 80)}),
        (
            "bind 127.0.0.1:80,127.0.0.2:81 name x",
            {("127.0.0.1", 80), ("127.0.0.2", 81)},
        ),
        ("\tbind *:80 ssl crt /x", {("0.0.0.0", 80)}),
        ("  bind [::1]:80", {("::1", 80)}),
        ("  bind ::1:80", {("::1", 80)}),
        ("  bind :::80 v6only", {("::", 80)}),
        ("  bind 127.0.0.1:80-90", set()),
        ("  bind localhost:80", set()),
        ("  bind /run/x.sock mode 600", set()),
        ("  bind 127.0.0.1:80 namespace other", set()),
        ("  bind 127.0.0.1:99999", set()),
        ("  # bind 127.0.0.1:80", set()),
        ("  bind-process 1", set()),
    ],
)
def test_an_address_is_read_where_it_is_said_in_full(
    line: str, found: set[tuple[str, int]]
) -> None:
    assert addresses(f"frontend x\n{line}\n") == found


def test_an_address_is_taken_where_another_program_listens() -> None:
    one, other = free_ports(2)
    with socket.create_server(("127.0.0.1", one)):
        assert taken([("127.0.0.1", one), ("127.0.0.1", other)]) == (
            ("127.0.0.1", one),
        )


def test_an_address_that_is_not_this_hosts_is_not_taken() -> None:
    assert taken([("192.0.2.1", 80)]) == ()


def test_one_that_would_be_shared_is_taken_unless_it_is_ours() -> None:
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port), reuse_port=True):
        assert taken([("127.0.0.1", port)]) == ()
        assert taken([("127.0.0.1", port)], ours=False) == (("127.0.0.1", port),)
