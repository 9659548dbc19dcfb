from registrator_dns.kept import VARIANTS, Kept
from registrator_dns.reply import Reply

REPLY = Reply([b"record"])
READY = bytearray(100)


def filled(kept: Kept, *places: bytes) -> None:
    for place in places:
        kept.keep((place,), b"?" + place, REPLY)


def test_a_reply_is_found_until_its_place_changes() -> None:
    kept = Kept(10)
    filled(kept, b"a", b"b")

    assert kept.find(b"?a") is REPLY
    kept.forget([(b"a",), (b"nowhere",)])
    assert kept.find(b"?a") is None
    assert kept.find(b"?b") is REPLY


def test_the_newest_makes_room_for_another() -> None:
    kept = Kept(2)
    filled(kept, b"a", b"b", b"c")

    assert [kept.find(b"?" + place) for place in (b"a", b"b", b"c")] == [
        REPLY,
        None,
        REPLY,
    ]


def test_what_is_ready_goes_with_its_reply() -> None:
    kept = Kept(10)
    filled(kept, b"a", b"b")
    kept.prepare(b"?a", b"packet a", READY)
    kept.prepare(b"?b", b"packet b", READY)

    kept.forget([(b"a",)])

    assert list(kept.ready) == [b"packet b"]


def test_nothing_is_ready_without_a_reply() -> None:
    kept = Kept(10)

    kept.prepare(b"?a", b"packet", READY)

    assert kept.ready == {}


def test_of_one_question_the_oldest_variant_goes() -> None:
    kept = Kept(10)
    filled(kept, b"a")
    packets = [b"packet %d" % number for number in range(VARIANTS + 2)]

    for packet in packets:
        kept.prepare(b"?a", packet, READY)

    assert list(kept.ready) == packets[2:]


def test_what_is_ready_has_a_limited_room() -> None:
    kept = Kept(1000, room=10_000)
    for number in range(100):
        place = b"%d" % number
        filled(kept, place)
        kept.prepare(b"?" + place, place, bytearray(900))

    assert 5 <= len(kept.ready) <= 11
    kept.forget([(b"%d" % number,) for number in range(100)])
    assert kept.ready == {}
    for number in range(8):
        place = b"%d" % number
        filled(kept, place)
        kept.prepare(b"?" + place, place, bytearray(900))
    assert len(kept.ready) == 8


def test_what_has_no_room_at_all_is_not_ready() -> None:
    kept = Kept(10, room=100)
    filled(kept, b"a")

    kept.prepare(b"?a", b"packet", READY)

    assert kept.ready == {}
