from typing import Any

import dns.edns
import dns.message
import pytest
from dns.edns import OptionType

from dnsroom import flags, query, responder
from registrator_dns.clients.cookies import Cookies
from registrator_dns.clients.rate import Limited, Rates
from registrator_dns.counters import Counters
from registrator_dns.elsewhere import Elsewhere
from registrator_dns.process.show import show_of
from samples import web

NAME = "web.service.consul"
OTHER = "other.service.consul"
CLIENT = "192.0.2.1"
RATE = 5


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Room:
    """A limited responder, its clock, and how it took each of many packets."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.counters = Counters()
        self.cookies = Cookies(bytes(16), self.clock)
        shown = (
            web(),
            web("other", name="other"),
            web("alias", name="alias", address="cdn.example.net"),
            *(web(tag, name="addr", tags=(tag,)) for tag in ("one", "two")),
        )
        answers = responder(*shown, cookies=self.cookies)
        self._limited = Limited(
            answers.answer, RATE, self.clock, self.counters, self.cookies
        )

    def ask(
        self,
        name: str = NAME,
        kind: str = "A",
        client: str = CLIENT,
        *,
        udp: bool = True,
        **edns: Any,
    ) -> str:
        """Ask once: whole, TC, or nothing."""
        packet = query(name, kind, **edns)
        octets = self._limited.answer(packet, udp=udp, client=client)
        if octets is None:
            return "nothing"
        assert isinstance(octets, bytes)
        answer = dns.message.from_wire(octets)
        assert dns.message.from_wire(packet).is_response(answer)
        assert (answer.edns == 0) is bool(edns)
        if "TC" not in flags(answer):
            return "whole"
        assert answer.sections[1:] == [[], [], []]
        assert len(octets) <= len(packet)
        return "TC"


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("edns", [{}, {"payload": 1232}])
def test_of_too_many_every_second_is_told_to_come_over_tcp(
    room: Room, edns: dict[str, Any]
) -> None:
    found = [room.ask(**edns) for _ in range(RATE + 4)]

    assert found == ["whole"] * RATE + ["nothing", "TC"] * 2
    assert room.counters.limited == 4


@pytest.mark.parametrize(("passed", "more"), [(0.1, 0), (0.2, 1), (0.5, 2), (9, RATE)])
def test_time_allows_more(room: Room, passed: float, more: int) -> None:
    while room.ask() == "whole":
        pass

    room.clock.now += passed

    assert [room.ask() for _ in range(RATE + 1)].count("whole") == more


def test_it_is_limited_again_and_again(room: Room) -> None:
    whole = 0
    for _ in range(1000):
        whole += room.ask() == "whole"
        room.clock.now += 0.01

    assert RATE * 10 <= whole <= RATE * 11


@pytest.mark.parametrize(
    ("client", "is_same"),
    [
        ("192.0.2.255", True),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.3.1", False),
        ("192.0.3.1", False),
        ("2001:db8::1", False),
    ],
)
def test_a_network_is_limited_as_one(room: Room, client: str, *, is_same: bool) -> None:
    while room.ask() == "whole":
        pass

    assert (room.ask(client=client) != "whole") is is_same


@pytest.mark.parametrize(
    ("client", "is_same"),
    [("2001:db8:0:ff::9", True), ("2001:db8:0:100::9", False), ("fe80::1%lo", False)],
)
def test_a_network_of_ipv6_has_56_bits(
    room: Room, client: str, *, is_same: bool
) -> None:
    while room.ask(client="2001:db8::1") == "whole":
        pass

    assert (room.ask(client=client) != "whole") is is_same


def test_other_questions_are_another_kind(room: Room) -> None:
    while room.ask() == "whole":
        pass

    assert room.ask(OTHER) == "whole"
    assert room.ask(NAME, "SRV") == "whole"
    assert room.ask(NAME, "AAAA") == "whole"


def test_the_same_question_in_other_words_is_not(room: Room) -> None:
    while room.ask() == "whole":
        pass

    assert room.ask("WEB.service.Consul") != "whole"
    assert room.ask(payload=1000) != "whole"


def test_names_that_do_not_exist_are_one_kind(room: Room) -> None:
    found = [room.ask(f"{number}.service.consul") for number in range(RATE + 2)]

    assert found == ["whole"] * RATE + ["nothing", "TC"]


@pytest.mark.parametrize(
    "name",
    [NAME, "alias.service.consul", "service.consul"],
    ids=["no data", "alias", "empty"],
)
def test_types_that_a_name_has_not_are_one_kind(room: Room, name: str) -> None:
    found = [room.ask(name, f"TYPE{1000 + number}") for number in range(RATE + 2)]

    assert found == ["whole"] * RATE + ["nothing", "TC"]


@pytest.mark.parametrize("kind", ["A", "TXT"])
def test_addresses_as_names_are_one_kind(room: Room, kind: str) -> None:
    found = [room.ask(f"{n:08x}.addr.consul", kind) for n in range(RATE + 2)]

    assert found == ["whole"] * RATE + ["nothing", "TC"]


def test_a_tag_is_no_address_and_a_kind_of_its_own(room: Room) -> None:
    names = ["one.addr.service.consul", "two.addr.service.consul"]

    assert [room.ask(name) for name in names for _ in range(RATE)] == ["whole"] * 10


def test_edns_of_the_future_is_one_kind(room: Room) -> None:
    limited = room._limited  # noqa: SLF001  what it keeps
    found = [
        limited.answer(query(f"n{n}.consul", edns=1), udp=True, client=CLIENT)
        for n in range(RATE + 1)
    ]

    assert found.index(None) == RATE


@pytest.mark.parametrize(
    "packet",
    [query("example.org"), query(NAME)[:-1], b"\0\0\x28\0" + bytes(8)],
    ids=["REFUSED", "FORMERR", "NOTIMP"],
)
def test_errors_are_limited_too(room: Room, packet: bytes) -> None:
    found = [
        room._limited.answer(packet, udp=True, client=CLIENT)  # noqa: SLF001  past UDP
        for _ in range(RATE + 2)
    ]

    assert [octets is None for octets in found] == [False] * RATE + [True, False]
    assert all(len(octets or b"") <= len(packet) for octets in found)


@pytest.mark.parametrize(
    "client", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""]
)
def test_this_host_is_not_limited(room: Room, client: str) -> None:
    assert {room.ask(client=client) for _ in range(3 * RATE)} == {"whole"}


def test_tcp_is_not_limited(room: Room) -> None:
    assert {room.ask(udp=False) for _ in range(3 * RATE)} == {"whole"}


def test_who_shows_a_cookie_of_ours_is_not_limited(room: Room) -> None:
    while room.ask() == "whole":
        pass
    ours = room.cookies.renew(b"12345678", CLIENT)

    for cookie, is_ours in [
        (ours, True),
        (ours[:8], False),
        (ours[:-1] + b"\0", False),
        (ours, True),
    ]:
        option = dns.edns.GenericOption(OptionType.COOKIE, cookie)
        assert (room.ask(options=[option]) == "whole") is is_ours


@pytest.mark.parametrize(
    ("client", "name"),
    [("10.0.0.9", "localhost"), ("10.0.0.9", "{}.test"), (CLIENT, "www{}.example.org")],
    ids=["an answer", "NXDOMAIN", "REFUSED"],
)
def test_what_forwarding_answers_is_limited_too(client: str, name: str) -> None:
    uri = f"dns://?upstream=192.0.2.53&rate-limit={RATE}"
    show = show_of({"uri": uri, "node": "foo", "address": "127.0.0.1"})
    assert show.forwarder is not None
    sent: list[bytes] = []
    for number in range(RATE + 2):
        packet = query(name.format(number))
        found = show.answer(packet, udp=True, client=client)
        assert isinstance(found, Elsewhere)
        show.forwarder.ask(found, packet, client, udp=True, reply=sent.append)

    answers = [flags(dns.message.from_wire(octets)) for octets in sent]
    assert len(answers) == RATE + 1
    assert ["TC" in each for each in answers] == [False] * RATE + [True]


def test_an_answer_that_there_is_not_is_passed_on(room: Room) -> None:
    limited = room._limited  # noqa: SLF001  what it keeps

    assert limited.answer(b"", udp=True, client=CLIENT) is None


def test_the_table_never_grows() -> None:
    rates = Rates(1)
    allowed = [
        rates.allows(number.to_bytes(3), b"", 100.0) for number in range(1 << 17)
    ]

    # Those that share a slot with one before them have to wait.
    assert 1 << 14 < sum(allowed) <= 1 << 16
    assert rates.allows(b"another", b"", 103.0)
