import ipaddress
import socket

import pytest

from registrator import hostaddress


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_hosts_own_address_is_one_that_others_can_reach(
    family: socket.AddressFamily,
) -> None:
    found = hostaddress.by_route(family)

    if found:
        address = ipaddress.ip_address(found)
        assert address.version == (4 if family == socket.AF_INET else 6)
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_unspecified
