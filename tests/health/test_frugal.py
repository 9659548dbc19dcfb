"""Connections of which little is read, and which end when they should."""

import socket

import pytest

from registrator.health.frugal import MOST, FrugalSocket, ending, frugal


def pair() -> tuple[FrugalSocket, socket.socket]:
    ours, theirs = socket.socketpair()
    return FrugalSocket(fileno=ours.detach()), theirs


def test_no_more_than_a_little_is_read_at_a_time() -> None:
    ours, theirs = pair()
    with ours, theirs:
        theirs.sendall(b"x" * 50_000)

        assert len(ours.recv(100)) == 100
        assert len(ours.recv(100_000)) == 16_384
        assert ours.recv_into(bytearray(100_000)) == 16_384
        assert ours.recv_into(bytearray(100_000), 10) == 10
        assert ours.taken == 100 + 2 * 16_384 + 10


def test_no_more_than_so_much_is_read_at_all() -> None:
    ours, theirs = pair()
    with ours, theirs:
        while not ours.spent:
            theirs.sendall(b"x" * 8192)
            ours.recv(8192)

        assert ours.taken == MOST
        with pytest.raises(OSError, match="too long"):
            ours.recv(1)
        with pytest.raises(OSError, match="too long"):
            ours.recv_into(bytearray(1))


def test_what_is_open_at_the_end_is_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", server.getsockname())
        with ending() as made:
            made_here = frugal(info)
            made_here.connect(server.getsockname())
            closed = frugal(info)
            closed.close()
        peer, _ = server.accept()
        with peer, made_here:
            assert made == [made_here, closed]
            assert peer.recv(1) == b""
