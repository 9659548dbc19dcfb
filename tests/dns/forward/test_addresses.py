import pytest

from registrator_dns.forward.addresses import is_local, is_own, socket_address
from registrator_dns.names import Endpoint


@pytest.mark.parametrize(
    ("place", "listen", "expected"),
    [
        (("127.0.0.1", 53), ("127.0.0.1", 53), True),
        (("127.0.0.1", 53), ("127.0.0.1", 54), False),
        (("127.0.0.2", 53), ("127.0.0.1", 53), False),
        (("127.0.0.2", 53), ("0.0.0.0", 53), True),
        (("127.0.0.2", 53), ("0.0.0.0", 54), False),
        (("127.0.0.2", 53), ("::", 53), False),
        (("::1", 53), ("::", 53), True),
        (("::1", 53), ("0::1", 53), True),
        (("192.0.2.1", 53), ("0.0.0.0", 53), False),
        (("2001:db8::1", 53), ("::", 53), False),
    ],
)
def test_a_query_comes_back_if_it_goes_where_we_listen(
    place: Endpoint, listen: Endpoint, expected: bool
) -> None:
    assert is_own(place, [("192.0.2.7", 53), listen]) is expected


def test_an_address_of_the_host_is_local() -> None:
    assert is_local(("127.9.9.9", 53))
    assert is_local(("::1", 53))
    assert not is_local(("192.0.2.1", 53))
    assert not is_local(("fe80::1%nosuch0", 53))


def test_a_link_local_address_is_reached_through_its_interface() -> None:
    assert socket_address(("10.0.0.1", 53)) == ("10.0.0.1", 53)
    assert socket_address(("fe80::1%lo", 53)) == ("fe80::1", 53, 0, 1)
    assert socket_address(("fe80::1%7", 53)) == ("fe80::1", 53, 0, 7)
    with pytest.raises(OSError, match="no interface"):
        socket_address(("fe80::1%nosuch0", 53))
