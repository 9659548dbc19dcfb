"""The servers that the host itself asks, as its resolv.conf has them now."""

import ipaddress
import logging
from pathlib import Path

from registrator_dns.names import Endpoint

log = logging.getLogger(__name__)

_PORT = 53
_LARGEST = 1 << 16


class ResolvConf:
    """Reads the file when it has changed; a file that is not there has no servers."""

    def __init__(self, path: Path = Path("/etc/resolv.conf")) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._places: tuple[Endpoint, ...] = ()

    def places(self) -> tuple[Endpoint, ...]:
        """List the servers, in the order of the file."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp != self._stamp:
                with self._path.open(errors="replace") as file:
                    self._places = parse(file.read(_LARGEST))
                self._stamp = stamp
                shown = ", ".join(address for address, _ in self._places)
                log.info("dns upstreams of %s: %s", self._path, shown or "none")
        except OSError as error:
            if self._stamp != (0,):
                log.warning("dns upstreams cannot be read: %s", error)
            self._stamp, self._places = (0,), ()
        return self._places


def parse(text: str) -> tuple[Endpoint, ...]:
    """List the servers of a resolv.conf(5), each once; what is none is passed over."""
    found = []
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_] if _is_server(address):
                found.append((address, _PORT))
    return tuple(dict.fromkeys(found))


def _is_server(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not parsed.is_unspecified and not parsed.is_multicast
