import pytest

from registrator_dns.clients.cookies import Cookies

SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
CLIENT = "198.51.100.100"
THEIRS = bytes.fromhex("2464c4abcf10c957")
NOW = 1_559_731_985
OURS = bytes.fromhex("010000005cf79f111f8130c3eee29480")


def cookies(now: float = NOW, secret: bytes = SECRET) -> Cookies:
    return Cookies(secret, lambda: now)


# The test vectors of RFC 9018, appendix A.
@pytest.mark.parametrize(
    ("secret", "now", "client", "sent", "expected"),
    [
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            1_559_731_985,
            "198.51.100.100",
            "2464c4abcf10c957",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
        ),
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            1_559_734_385,
            "198.51.100.100",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
        ),
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            1_559_734_700,
            "203.0.113.203",
            "fc93fc62807ddb86010000005cf78f71a314227b6679ebf5",
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
        ),
        (
            "445536bcd2513298075a5d379663c962",
            1_559_741_961,
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
        ),
    ],
)
def test_the_vectors_of_the_rfc_come_out(
    secret: str, now: int, client: str, sent: str, expected: str
) -> None:
    giving = cookies(now, bytes.fromhex(secret))

    assert giving.renew(bytes.fromhex(sent), client).hex() == expected


def test_a_fresh_cookie_is_given_back() -> None:
    assert cookies(NOW + 1799).renew(THEIRS + OURS, CLIENT) == THEIRS + OURS
    assert cookies(NOW + 1801).renew(THEIRS + OURS, CLIENT) != THEIRS + OURS


@pytest.mark.parametrize(
    ("passed", "is_proof"),
    [(-301, False), (-300, True), (0, True), (3600, True), (3601, False)],
)
def test_a_cookie_is_good_for_an_hour(passed: int, is_proof: bool) -> None:
    assert cookies(NOW + passed).proves(THEIRS + OURS, CLIENT) is is_proof


@pytest.mark.parametrize(
    ("cookie", "client", "secret"),
    [
        (THEIRS, CLIENT, SECRET),
        (THEIRS + OURS, "198.51.100.101", SECRET),
        (THEIRS + OURS, "2001:db8::1", SECRET),
        (b"12345678" + OURS, CLIENT, SECRET),
        (THEIRS + OURS[:-1] + b"\0", CLIENT, SECRET),
        (THEIRS + b"\2" + OURS[1:], CLIENT, SECRET),
        (THEIRS + OURS[:1] + b"\1" + OURS[2:], CLIENT, SECRET),
        (THEIRS + OURS[:-1], CLIENT, SECRET),
        (THEIRS + OURS + b"\0", CLIENT, SECRET),
        (THEIRS + OURS, CLIENT, bytes(16)),
    ],
)
def test_anything_else_proves_nothing_and_is_replaced(
    cookie: bytes, client: str, secret: bytes
) -> None:
    giving = cookies(secret=secret)

    assert not giving.proves(cookie, client)
    given = giving.renew(cookie, client)
    assert given[:8] == cookie[:8]
    assert giving.proves(given, client)


def test_the_clock_may_run_over() -> None:
    given = cookies(2**32 - 10).renew(THEIRS, CLIENT)

    assert cookies(2**32 + 10).proves(given, CLIENT)


def test_an_address_may_have_a_scope() -> None:
    given = cookies().renew(THEIRS, "fe80::1%eth0")

    assert cookies().proves(given, "fe80::1")


def test_in_a_second_with_too_many_cookies_are_given_back_untold() -> None:
    now = float(NOW)
    giving = Cookies(SECRET, lambda: now)
    while giving.renew(THEIRS, CLIENT):
        pass

    assert giving.renew(THEIRS + OURS, CLIENT) == THEIRS + OURS
    assert giving.renew(THEIRS + bytes(16), CLIENT) == THEIRS + bytes(16)
    assert not giving.proves(THEIRS + OURS, CLIENT)
    now += 1
    assert giving.proves(THEIRS + OURS, CLIENT)
    assert giving.renew(THEIRS, CLIENT)
