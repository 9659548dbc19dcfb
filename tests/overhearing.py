"""Overhears what one program asks another over loopback.

    python tests/overhearing.py ADDRESS PORT

It prints the question of each DNS query to that address and UDP port, after an empty
line, until its own stdin closes.
"""

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

import dns.message
import dns.rdatatype

from apart import Apart

_ALL: Final = 0x0003  # ETH_P_ALL: what leaves is seen with it only
_UDP: Final = 17


@contextmanager
def overhearing(host: Apart, address: str, port: int) -> Iterator[list[str]]:
    """Have a list to which each question is added, such as "consul. IN NS".

    All that was asked before the end of the block is in it then.
    """
    script = str(Path(__file__))
    command = [*host.under, sys.executable, script, address, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        heard: list[str] = []
        lines = process.stdout
        reader = Thread(target=lambda: heard.extend(map(str.strip, lines)))
        reader.start()
        try:
            yield heard
        finally:
            process.stdin.close()
            reader.join()


def _print_questions(address: str, port: int) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL)) as ear:
        ear.bind(("lo", _ALL))
        sys.stdout.write("\n")
        sys.stdout.flush()
        # What went by before the end is in the socket by then, and is read first.
        while ear in select.select([ear, sys.stdin], [], [])[0]:
            packet, (_, _, direction, _, _) = ear.recvfrom(65_535)
            # Each packet goes by twice: out, and in again.
            if direction == socket.PACKET_OUTGOING and (
                asked := _query(packet, address, port)
            ):
                sys.stdout.write(f"{dns.message.from_wire(asked).question[0]}\n")
                sys.stdout.flush()


def _query(packet: bytes, address: str, port: int) -> bytes:
    """Take the payload out of an IPv4 packet; empty if it is something else."""
    if packet[0] >> 4 != 4 or packet[9] != _UDP:
        return b""
    if packet[16:20] != socket.inet_aton(address):
        return b""
    datagram = packet[4 * (packet[0] & 0xF) :]
    return datagram[8:] if int.from_bytes(datagram[2:4]) == port else b""


if __name__ == "__main__":
    _print_questions(sys.argv[1], int(sys.argv[2]))
