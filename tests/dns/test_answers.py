from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from dns.edns import OptionType

from dnsroom import (
    ask,
    data,
    flags,
    instance,
    put,
    query,
    reply,
    responder,
    shown,
)
from registrator_dns.answers import Answers
from registrator_dns.clients.cookies import Cookies
from registrator_dns.reply import Order
from samples import web

NAME = "web.service.consul"
SOA = "consul. SOA ns.consul. hostmaster.consul."
COOKIE = dns.edns.GenericOption(OptionType.COOKIE, b"12345678")
MANY = [web(str(n), address=f"10.0.{n // 256}.{n % 256}") for n in range(1, 101)]

# Whether an answer is kept must not show: each is asked for twice.
FIRST_AND_AGAIN = pytest.mark.parametrize("times", [1, 2], ids=["first", "again"])


def asked(
    answers: Answers, times: int, name: str, kind: str = "A", **edns: Any
) -> dns.message.Message:
    for _ in range(times - 1):
        ask(answers, name, kind, **edns)
    return ask(answers, name, kind, **edns)


def with_cookie(
    answers: Answers, cookie: bytes, name: str = NAME, *, udp: bool = True
) -> bytes:
    """Ask with a cookie; give the one that comes back."""
    option = dns.edns.GenericOption(OptionType.COOKIE, cookie)
    octets = answers.answer(
        query(name, options=[option]), udp=udp, client="2001:db8::1"
    )
    assert isinstance(octets, bytes)
    (given,) = dns.message.from_wire(octets).options
    return bytes(given.to_wire())


@FIRST_AND_AGAIN
@pytest.mark.parametrize("edns", [{}, {"payload": 1232}, {"options": [COOKIE]}])
def test_an_answer_is_authoritative_and_copies_rd(
    times: int, edns: dict[str, Any]
) -> None:
    answer = asked(responder(web()), times, NAME, **edns)

    assert flags(answer) == "QR AA RD"
    assert data(answer) == ["10.0.0.1"]
    assert answer.answer[0].ttl == 0


@FIRST_AND_AGAIN
def test_without_rd_there_is_none(times: int) -> None:
    answers = responder(web())
    asked_for = dns.message.make_query(NAME, "A", flags=0).to_wire()

    for _ in range(times):
        answer = reply(answers, asked_for)

    assert flags(answer) == "QR AA"


@FIRST_AND_AGAIN
@pytest.mark.parametrize("bits", [0x20, 0x10, 0x40, 0x30, 0x280])
def test_no_other_flag_of_the_query_is_copied(times: int, bits: int) -> None:
    answers = responder(web())
    asked_for = dns.message.make_query(NAME, "A", flags=bits).to_wire()

    for _ in range(times):
        answer = reply(answers, asked_for)

    assert flags(answer) == "QR AA"


@FIRST_AND_AGAIN
def test_the_question_is_echoed_as_it_was_asked(times: int) -> None:
    answer = asked(responder(web()), times, "wEb.SERVICE.conSUL", "SRV")

    assert str(answer.question[0].name) == "wEb.SERVICE.conSUL."
    assert str(answer.answer[0].name) == "wEb.SERVICE.conSUL."


@FIRST_AND_AGAIN
def test_an_srv_comes_with_its_addresses(times: int) -> None:
    answer = asked(responder(web()), times, NAME, "SRV")

    assert data(answer) == ["1 1 8000 0a000001.addr.dc1.consul."]
    assert shown(answer.additional) == {"0a000001.addr.dc1.consul. A 10.0.0.1"}


def test_glue_outside_of_the_zone_that_was_asked_is_named_in_full() -> None:
    answer = ask(responder(web()), "1.0.0.10.in-addr.arpa", "NS")

    assert shown(answer.additional) == {"ns.consul. A 127.0.0.1", "ns.consul. AAAA ::1"}


@FIRST_AND_AGAIN
@pytest.mark.parametrize("edns", [{}, {"payload": 4096}, {"options": [COOKIE]}])
@pytest.mark.parametrize(
    ("name", "kind", "rcode", "apex"),
    [
        (NAME, "AAAA", "NOERROR", "consul."),
        (NAME, "HTTPS", "NOERROR", "consul."),
        (NAME, "TYPE97", "NOERROR", "consul."),
        (NAME, "MX", "NOERROR", "consul."),
        ("service.consul", "A", "NOERROR", "consul."),
        ("consul", "A", "NOERROR", "consul."),
        ("x.web.service.consul", "A", "NXDOMAIN", "consul."),
        ("1.0.0.10.in-addr.arpa", "A", "NOERROR", "1.0.0.10.in-addr.arpa."),
        ("x.1.0.0.10.in-addr.arpa", "PTR", "NXDOMAIN", "1.0.0.10.in-addr.arpa."),
    ],
)
def test_a_denial_has_the_soa_of_its_zone(
    times: int, edns: dict[str, Any], name: str, kind: str, rcode: str, apex: str
) -> None:
    answer = asked(responder(web(), ttl=9), times, name, kind, **edns)

    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert flags(answer) == "QR AA RD"
    assert (answer.answer, answer.additional) == ([], [])
    (soa,) = answer.authority
    assert (str(soa.name), soa.rdtype, soa.ttl) == (apex, dns.rdatatype.SOA, 9)
    assert str(soa[0]).startswith("ns.consul. hostmaster.consul. ")
    assert str(soa[0]).endswith(" 9")


@FIRST_AND_AGAIN
@pytest.mark.parametrize(
    ("name", "apex"),
    [
        ("web.service.consul", "consul."),
        ("web.service.alt.example", "alt.example."),
        ("web.service.sub.consul", "sub.consul."),
        ("x.service.alt.example", "alt.example."),
    ],
)
def test_a_denial_is_by_the_domain_that_was_asked(
    times: int, name: str, apex: str
) -> None:
    answers = responder(web(), domain="consul,alt.example,sub.consul")

    (soa,) = asked(answers, times, name, "AAAA").authority

    assert str(soa.name) == apex
    assert str(soa[0]).startswith(f"ns.{apex} hostmaster.{apex} ")


@FIRST_AND_AGAIN
@pytest.mark.parametrize("edns", [{}, {"payload": 1232}])
@pytest.mark.parametrize("domain", ["consul", "alt.example", "sub.consul"])
def test_an_answer_is_in_the_domain_that_was_asked(
    times: int, edns: dict[str, Any], domain: str
) -> None:
    answers = responder(web(), domain="consul,alt.example,sub.consul")
    target = f"0a000001.addr.dc1.{domain}."

    srv = asked(answers, times, f"web.service.{domain}", "SRV", **edns)
    ns = asked(answers, times, domain, "NS", **edns)

    assert data(srv) == [f"1 1 8000 {target}"]
    assert shown(srv.additional) == {f"{target} A 10.0.0.1"}
    assert data(ns) == [f"ns.{domain}."]
    assert shown(ns.additional) == {
        f"ns.{domain}. A 127.0.0.1",
        f"ns.{domain}. AAAA ::1",
    }


def test_an_address_points_into_the_first_domain() -> None:
    answers = responder(web(), domain="alt.example,consul")

    pointer = ask(answers, "1.0.0.10.in-addr.arpa", "PTR")
    denial = ask(answers, "1.0.0.10.in-addr.arpa", "A")

    assert data(pointer) == ["web.service.dc1.alt.example."]
    assert str(denial.authority[0][0]).startswith("ns.alt.example. ")


@FIRST_AND_AGAIN
def test_a_denial_has_a_ttl_of_its_own(times: int) -> None:
    answers = responder(web(), ttl=30, negative_ttl=7)
    soa = asked(answers, times, NAME, "AAAA").authority[0]
    itself = asked(answers, times, "consul", "SOA").answer[0]

    assert (soa.ttl, soa[0].minimum, itself.ttl) == (7, 7, 7)
    assert asked(answers, times, NAME).answer[0].ttl == 30


@FIRST_AND_AGAIN
def test_an_alias_comes_before_what_it_leads_to(times: int) -> None:
    answers = responder(
        *MANY[:3], web("alias", name="alias", address="WEB.service.consul"), ttl=5
    )

    for _ in range(5):
        answer = asked(answers, times, "alias.service.consul")
        alias, addresses = answer.answer
        assert str(alias) == "alias.service.consul. 5 IN CNAME web.service.consul."
        assert str(addresses.name) == "web.service.consul."
        assert len(addresses) == 3
    answers.drop(MANY[0].id)

    assert len(asked(answers, times, "alias.service.consul").answer[1]) == 2


@pytest.mark.parametrize("before", [[], ["::1"]], ids=["nothing", "other family"])
def test_an_alias_brings_what_came_after_it(before: list[str]) -> None:
    alias = web("alias", name="alias", address="web.service.consul")
    answers = responder(alias, *(web(each, address=each) for each in before))
    assert data(asked(answers, 2, "alias.service.consul")) == ["web.service.consul."]

    put(answers, web(address="10.0.0.2"))

    found = data(ask(answers, "alias.service.consul"))
    assert found == ["web.service.consul.", "10.0.0.2"]


def test_what_an_alias_leads_to_takes_turns_and_is_limited() -> None:
    alias = web("alias", name="alias", address="web.service.consul")
    answers = responder(*MANY[:3], alias, limit=2)

    pairs = [data(ask(answers, "alias.service.consul"))[1:] for _ in range(3)]

    assert [len(pair) for pair in pairs] == [2, 2, 2]
    assert len({pair[0] for pair in pairs}) == 3


@FIRST_AND_AGAIN
def test_an_alias_that_leads_outside_stands_alone(times: int) -> None:
    answers = responder(web(address="www.example.org"))

    answer = asked(answers, times, NAME)

    assert data(answer) == ["www.example.org."]
    assert flags(answer) == "QR AA RD"
    assert asked(answers, times, NAME, "SRV").additional == []


@pytest.mark.parametrize("kind", ["A", "SRV"])
def test_addresses_are_limited_and_nothing_else(kind: str) -> None:
    answers = responder(*MANY[:5], limit=2)

    seen = [data(ask(answers, NAME, kind)) for _ in range(5)]

    assert {len(each) for each in seen} == {2 if kind == "A" else 5}
    assert len({each[0] for each in seen}) == 5
    assert len(reply(answers, query(NAME, kind), udp=False).answer[0]) == len(seen[0])


def test_an_answer_that_is_limited_is_not_cut() -> None:
    answer = ask(responder(*MANY, limit=3), NAME)

    assert (flags(answer), len(data(answer))) == ("QR AA RD", 3)


def test_answers_may_be_shuffled_or_stay() -> None:
    fixed, shuffled = (
        responder(*MANY[:3], order=Order(o)) for o in ("fixed", "shuffle")
    )

    assert len({tuple(data(ask(fixed, NAME))) for _ in range(9)}) == 1
    assert len({tuple(data(ask(shuffled, NAME))) for _ in range(500)}) == 6


@FIRST_AND_AGAIN
def test_a_star_is_answered_under_the_name_that_was_asked(times: int) -> None:
    answers = responder(web(), web("s", name="shop", address="10.0.0.2"))
    first = asked(answers, times, "*.service.consul")
    answers.put("t", instance(web("t", name="tea", address="10.0.0.3")))
    second = asked(answers, times, "*.service.consul")

    assert [str(first.answer[0].name), len(data(first))] == ["*.service.consul.", 2]
    assert len(data(second)) == 3


def test_a_large_answer_to_a_star_is_cut_as_any_other() -> None:
    crowd = [
        web(str(n), name=f"s{n}", address=f"10.0.{n >> 8}.{n & 255}")
        for n in range(1500)
    ]
    answers = responder(*crowd)

    over_udp = ask(answers, "*.service.consul")
    over_tcp = reply(answers, query("*.service.consul"), udp=False)

    assert "TC" in flags(over_udp)
    assert len(data(over_tcp)) == 1000


@FIRST_AND_AGAIN
def test_browsing_brings_what_is_found(times: int) -> None:
    answer = asked(responder(web("a")), times, "_web._tcp.consul", "PTR", payload=1232)

    assert data(answer) == ["a._web._tcp.consul."]
    assert shown(answer.additional) == {
        "a._web._tcp.consul. SRV 1 1 8000 0a000001.addr.dc1.consul.",
        'a._web._tcp.consul. TXT ""',
        "0a000001.addr.dc1.consul. A 10.0.0.1",
    }


def test_a_kept_denial_has_the_serial_of_now() -> None:
    answers = responder(web())
    before = ask(answers, NAME, "AAAA").authority[0][0]
    put(answers, web("other", name="other"))
    after = ask(answers, NAME, "AAAA").authority[0][0]

    assert after.serial == before.serial + 1


@pytest.mark.parametrize("edns", [{}, {"payload": 1232}])
def test_a_refusal_has_no_records_and_no_authority(edns: dict[str, Any]) -> None:
    answer = ask(responder(), "example.org", **edns)

    assert answer.rcode() == dns.rcode.REFUSED
    assert flags(answer) == "QR RD"
    assert answer.sections[1:] == [[], [], []]


def test_the_version_is_told_in_its_own_class() -> None:
    answer = reply(responder(), query("version.bind", "TXT", "CH"))

    assert str(answer.answer[0]) == 'version.bind. 0 CH TXT "registrator"'


@FIRST_AND_AGAIN
def test_every_record_has_the_ttl(times: int) -> None:
    answer = asked(responder(web(), ttl=30), times, NAME, "SRV")

    assert {rrset.ttl for rrset in answer.answer + answer.additional} == {30}


@pytest.mark.parametrize("kind", ["A", "SRV"])
def test_answers_take_turns(kind: str) -> None:
    answers = responder(*MANY[:3])

    orders = [tuple(data(ask(answers, NAME, kind))) for _ in range(6)]

    assert len(set(orders)) == 3
    assert {order[0] for order in orders} == set(orders[0])
    assert orders[:3] == orders[3:]


def test_a_change_does_not_put_the_same_answer_first_again() -> None:
    answers = responder(*MANY[:3])
    firsts = set()
    for port in range(1, 5):
        put(answers, web("other", name="other", port=port))
        put(answers, MANY[0])
        firsts.add(data(ask(answers, NAME))[0])

    assert len(firsts) > 1


def test_a_change_shows_in_the_next_answer() -> None:
    answers = responder(web())
    seen = [data(ask(answers, NAME))]
    put(answers, web(address="10.0.0.2"))
    seen.append(data(ask(answers, NAME)))
    answers.drop(web().id)
    seen.append(data(ask(answers, NAME)))

    assert seen == [["10.0.0.1"], ["10.0.0.2"], []]
    assert answers.instances == {}


def test_a_change_of_one_name_leaves_the_turns_of_another() -> None:
    answers = responder(*MANY[:2])
    first = data(ask(answers, NAME))
    put(answers, web("other", name="other"))

    assert data(ask(answers, NAME)) == first[::-1]


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_no_more_answers_are_kept_than_allowed(kept: int) -> None:
    services = [web(n, name=n, address=f"10.0.0.{n}") for n in "123456"]
    answers = responder(*services, kept=kept)

    for _ in range(3):
        for n in "123456":
            assert data(ask(answers, f"{n}.service.consul")) == [f"10.0.0.{n}"]
            assert data(ask(answers, f"{n}.service.consul", "AAAA")) == []


@FIRST_AND_AGAIN
@pytest.mark.parametrize(
    ("edns", "limit"),
    [
        ({}, 512),
        ({"payload": 0}, 512),
        ({"payload": 100}, 512),
        ({"payload": 513}, 513),
        ({"payload": 900}, 900),
        ({"payload": 1232}, 1232),
        ({"payload": 4096}, 1232),
        ({"payload": 65_535}, 1232),
        ({"payload": 900, "options": [COOKIE]}, 900),
    ],
)
@pytest.mark.parametrize("kind", ["A", "SRV"])
def test_what_does_not_fit_is_cut_at_whole_records_and_told(
    times: int, edns: dict[str, Any], limit: int, kind: str
) -> None:
    answers = responder(*MANY)
    packet = query(NAME, kind, **edns)

    for _ in range(times):
        octets = answers.answer(packet, udp=True)

    assert isinstance(octets, bytes)
    answer = dns.message.from_wire(octets)
    assert "TC" in flags(answer)
    assert limit - 80 < len(octets) <= limit
    assert answer.answer
    assert not answer.additional
    assert (answer.edns == 0) == bool(edns)


def test_glue_that_does_not_fit_is_left_out_silently() -> None:
    answer = ask(responder(*MANY[:8]), NAME, "SRV")

    assert "TC" not in flags(answer)
    assert len(data(answer)) == 8
    assert 0 < len(answer.additional) < 8


@pytest.mark.parametrize("edns", [{}, {"payload": 512}])
@pytest.mark.parametrize("kind", ["A", "SRV"])
def test_tcp_takes_everything(edns: dict[str, Any], kind: str) -> None:
    answers = responder(*MANY)
    packet = query(NAME, kind, **edns)

    for _ in range(2):
        answer = reply(answers, packet, udp=False)

    assert flags(answer) == "QR AA RD"
    assert len(data(answer)) == 100
    assert len(answer.additional) == (100 if kind == "SRV" else 0)


def test_more_than_a_tcp_message_holds_is_cut_without_tc() -> None:
    crowd = [
        web(str(n), address=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
        for n in range(5000)
    ]
    octets = responder(*crowd).answer(query(NAME), udp=False)

    assert isinstance(octets, bytes)
    answer = dns.message.from_wire(octets)
    assert "TC" not in flags(answer)
    assert 65_535 - 16 < len(octets) <= 65_535


@FIRST_AND_AGAIN
@pytest.mark.parametrize("do", [True, False])
def test_edns_is_answered_with_our_size_and_do_copied(times: int, *, do: bool) -> None:
    answer = asked(
        responder(web()), times, NAME, payload=4096, ednsflags=0x8000 if do else 0
    )

    assert (answer.edns, answer.payload) == (0, 1232)
    assert answer.ednsflags == (0x8000 if do else 0)
    assert not answer.options


@FIRST_AND_AGAIN
@pytest.mark.parametrize(("udp_size", "count"), [(512, 29), (4096, 100)])
def test_our_own_size_can_be_another(times: int, udp_size: int, count: int) -> None:
    answers = responder(*MANY, udp_size=udp_size)

    answer = asked(answers, times, NAME, payload=4096)

    assert answer.payload == udp_size
    assert len(data(answer)) == count


@pytest.mark.parametrize("size", [0x0241, 0x0261, 0x025A, 0x4161])
@pytest.mark.parametrize("count", [20, 22, 24])
def test_sizes_that_read_as_letters_are_not_taken_for_each_other(
    size: int, count: int
) -> None:
    answers = responder(*MANY[:30])
    for other in (size, size ^ 0x20, size ^ 0x2000):
        packet = query(NAME, payload=other)
        octets = answers.answer(packet, udp=True)
        assert isinstance(octets, bytes)
        assert len(octets) <= min(other, 1232)


@FIRST_AND_AGAIN
@pytest.mark.parametrize("udp", [True, False])
def test_a_client_with_a_cookie_gets_one_that_it_can_send_again(
    times: int, *, udp: bool
) -> None:
    answers = responder(web(), cookies=Cookies(bytes(16), lambda: 1000.0))

    for _ in range(times):
        first = with_cookie(answers, b"12345678", udp=udp)
    again = with_cookie(answers, first, udp=udp)

    assert first[:8] == b"12345678"
    assert len(first) == 24
    assert again == first


@pytest.mark.parametrize("cookie", [b"12345678" + bytes(16), b"12345678" + bytes(8)])
def test_a_cookie_that_is_not_ours_is_replaced(cookie: bytes) -> None:
    answers = responder(web(), cookies=Cookies(bytes(16), lambda: 1000.0))

    given = with_cookie(answers, cookie)

    assert given == with_cookie(answers, b"12345678")


@pytest.mark.parametrize("name", [NAME, "nope.service.consul", "example.org"])
def test_denials_and_refusals_bring_the_cookie_too(name: str) -> None:
    answers = responder(web(), cookies=Cookies(bytes(16), lambda: 1000.0))

    assert len(with_cookie(answers, b"12345678", name)) == 24


@pytest.mark.parametrize("options", [[], [COOKIE]], ids=["no cookie", "a cookie"])
def test_who_sends_no_cookie_or_has_no_address_gets_none(options: list[Any]) -> None:
    answers = responder(web(), cookies=Cookies(bytes(16), lambda: 1000.0))
    client = "" if options else "10.0.0.1"

    octets = answers.answer(query(NAME, options=options), udp=True, client=client)

    assert isinstance(octets, bytes)
    assert dns.message.from_wire(octets).options == ()


def test_a_cookie_takes_its_room_from_the_answer() -> None:
    answers = responder(*MANY, cookies=Cookies(bytes(16), lambda: 1000.0))
    packet = query(NAME, payload=512, options=[COOKIE])

    octets = answers.answer(packet, udp=True, client="10.0.0.1")

    assert isinstance(octets, bytes)
    assert len(octets) <= 512
    assert "TC" in flags(dns.message.from_wire(octets))


@FIRST_AND_AGAIN
def test_without_edns_there_is_no_opt(times: int) -> None:
    assert asked(responder(web()), times, NAME).edns == -1


@FIRST_AND_AGAIN
def test_a_later_version_of_edns_is_answered_with_badvers(times: int) -> None:
    answers = responder(web())
    ask(answers, NAME)

    answer = asked(answers, times, NAME, edns=1)

    assert answer.rcode() == dns.rcode.BADVERS
    assert flags(answer) == "QR RD"
    assert (answer.edns, answer.answer, answer.authority) == (0, [], [])


@pytest.mark.parametrize("opcode", range(1, 16))
def test_other_opcodes_are_not_implemented(opcode: int) -> None:
    packet = bytearray(query(NAME))
    packet[2] |= opcode << 3

    octets = responder(web()).answer(bytes(packet), udp=True)

    assert octets == bytes(packet[:2]) + bytes([0x81 | opcode << 3, 4]) + bytes(8)


MALFORMED = {
    "a question that is cut": query(NAME)[:-1],
    "an octet too many": query(NAME) + b"\0",
    "an OPT that is cut": query(NAME, payload=1232)[:-1],
    "octets after an OPT": query(NAME, payload=1232) + b"\0" * 11,
    "an OPT that is not there": query(NAME)[:11] + b"\1" + query(NAME)[12:],
    "two questions promised": query(NAME)[:5] + b"\2" + query(NAME)[6:],
}


@FIRST_AND_AGAIN
@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_query_is_answered_with_a_bare_formerr(
    times: int, packet: bytes
) -> None:
    answers = responder(web())
    for _ in range(times - 1):
        ask(answers, NAME)

    octets = answers.answer(packet, udp=True)

    assert octets == packet[:2] + b"\x81\x01" + bytes(8)


@FIRST_AND_AGAIN
def test_a_response_is_never_answered(times: int) -> None:
    answers = responder(web())
    for _ in range(times):
        octets = answers.answer(query(NAME), udp=True)

    assert isinstance(octets, bytes)
    assert answers.answer(octets, udp=True) is None
    assert answers.answer(octets, udp=False) is None


@pytest.mark.parametrize("size", [0, 1, 2, 11])
def test_less_than_a_header_is_not_answered(size: int) -> None:
    assert responder().answer(query(NAME)[:size], udp=True) is None


def test_answers_are_counted_by_transport_and_rcode() -> None:
    answers = responder(*MANY)
    for udp in (True, True, False):
        reply(answers, query(NAME), udp=udp)
    reply(answers, query("x.service.consul"), udp=False)
    reply(answers, query(NAME, edns=1))
    answers.answer(query("example.org")[:-1], udp=True)
    answers.answer(b"", udp=True)

    counted = {key: count for key, count in answers.counters.answers().items() if count}

    assert counted == {
        ("udp", "NOERROR"): 2,
        ("udp", "BADVERS"): 1,
        ("udp", "FORMERR"): 1,
        ("tcp", "NOERROR"): 1,
        ("tcp", "NXDOMAIN"): 1,
    }
    assert answers.counters.truncated == 2
    assert answers.counters.ignored == 1


@FIRST_AND_AGAIN
@pytest.mark.parametrize("name", [NAME, "nobody.service.consul"])
@pytest.mark.parametrize("forwards", [True, False])
def test_recursion_is_available_where_there_is_forwarding(
    forwards: bool, name: str, times: int
) -> None:
    answers = responder(web(), forwards=forwards)

    answer = asked(answers, times, name)

    assert bool(answer.flags & dns.flags.RA) is forwards
    notimp = reply(answers, query(name)[:2] + b"\x28\0" + query(name)[4:])
    assert bool(notimp.flags & dns.flags.RA) is forwards
