import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from servers import free_ports
from tcp_proxy import TcpProxy
from waiting import until


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):
            while line := self.rfile.readline():
                self.wfile.write(line)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """A proxy in front of a server that says each line again."""
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with TcpProxy(server.server_address[1]) as opened:
                yield opened
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def client(proxy: TcpProxy) -> Iterator[socket.socket]:
    with connect(proxy) as connection:
        yield connection


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 30)


def say(connection: socket.socket, octets: bytes) -> bytes:
    """Say something and hear all of it again, or less if the connection ends."""
    connection.sendall(octets)
    return hear(connection, len(octets))


def hear(connection: socket.socket, count: int) -> bytes:
    heard = b""
    while len(heard) < count and (more := connection.recv(count - len(heard))):
        heard += more
    return heard


def is_silent(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return not connection.recv(1)
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(30)


def test_octets_pass_in_both_directions(proxy: TcpProxy, client: socket.socket) -> None:
    octets = b"x" * 300_000 + b"\n"

    assert say(client, octets) == octets
    assert (proxy.sent, proxy.received) == (300_001, 300_001)


def test_connections_are_counted(proxy: TcpProxy, client: socket.socket) -> None:
    with connect(proxy) as other:
        say(client, b"one\n")
        say(other, b"two\n")
        assert (proxy.accepted, proxy.open) == (2, 2)

    until(lambda: proxy.open == 1, "the end of a connection is seen")
    assert proxy.accepted == 2


def test_a_client_that_has_said_all_still_hears_the_answer(
    proxy: TcpProxy, client: socket.socket
) -> None:
    client.sendall(b"last words\n")
    client.shutdown(socket.SHUT_WR)

    assert hear(client, 100) == b"last words\n"


def test_a_cut_ends_an_answer_in_its_middle(
    proxy: TcpProxy, client: socket.socket
) -> None:
    say(client, b"before\n")
    proxy.cut(4)

    assert say(client, b"after\n") == b"afte"
    with connect(proxy) as other:
        assert say(other, b"another\n") == b"anot"


def test_a_frozen_connection_goes_on_when_it_is_healed(
    proxy: TcpProxy, client: socket.socket
) -> None:
    say(client, b"before\n")
    proxy.freeze()
    client.sendall(b"after\n")
    with connect(proxy) as other:
        other.sendall(b"another\n")
        until(lambda: proxy.accepted == 2, "connections are accepted")

        assert (proxy.sent, proxy.received) == (7, 7)
        proxy.heal()
        assert hear(client, 6) == b"after\n"
        assert hear(other, 8) == b"another\n"


def test_a_mute_server_hears_what_it_is_asked(
    proxy: TcpProxy, client: socket.socket
) -> None:
    proxy.mute()
    client.sendall(b"request\n")
    until(lambda: proxy.sent == 8, "the request is passed on")

    assert is_silent(client)
    proxy.heal()
    assert hear(client, 8) == b"request\n"


def test_a_reset_breaks_present_connections_and_no_others(
    proxy: TcpProxy, client: socket.socket
) -> None:
    say(client, b"before\n")
    proxy.reset()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(proxy) as other:
        assert say(other, b"after\n") == b"after\n"


def test_a_frozen_connection_can_be_reset(
    proxy: TcpProxy, client: socket.socket
) -> None:
    proxy.freeze()
    client.sendall(b"request\n")
    until(lambda: proxy.open == 1, "the connection is accepted")
    proxy.reset()

    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_connections_are_refused_until_it_listens_again(
    proxy: TcpProxy, client: socket.socket
) -> None:
    say(client, b"before\n")
    proxy.refuse()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.listen()
    with connect(proxy) as other:
        assert say(other, b"after\n") == b"after\n"


def test_a_client_of_a_server_that_is_away_is_broken_off() -> None:
    with (
        TcpProxy(*free_ports(1)) as proxy,
        pytest.raises(ConnectionResetError),
        connect(proxy) as client,
    ):
        client.recv(1)


def test_an_answer_can_be_late(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.delay(3600)
    client.sendall(b"request\n")
    until(lambda: proxy.sent == 8, "the request is passed on")

    assert is_silent(client)
    proxy.delay(0.01)
    with connect(proxy) as other:
        assert say(other, b"after\n") == b"after\n"


def test_a_connection_can_be_slow(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.throttle(1)
    client.sendall(b"x" * 999 + b"\n")
    until(lambda: proxy.sent, "the first octet is passed on")

    assert proxy.sent < 1_000
    proxy.heal()
    assert len(hear(client, 1_000)) == 1_000
