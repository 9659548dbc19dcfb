import ipaddress

import pytest

from registrator_dns.forward.clients import Clients

CLIENTS = Clients(
    [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fe80::/10")]
)


@pytest.mark.parametrize(
    ("address", "may_recurse"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:11.0.0.1", False),
    ],
)
def test_a_client_recurses_from_the_networks_that_are_named(
    address: str, may_recurse: bool
) -> None:
    for _ in range(2):
        assert CLIENTS.may_recurse(address) is may_recurse
