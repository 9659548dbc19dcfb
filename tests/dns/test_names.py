import pytest

from registrator_dns import names


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("db", (b"db",)),
        ("Db.SERVICE", (b"db", b"service")),
        ("a" * 63, (b"a" * 63,)),
        ("b\xfcro", (b"b\xc3\xbcro",)),
        ("B\xdcRO", (b"b\xc3\x9cro",)),
        ("a b", (b"a b",)),
    ],
)
def test_a_name_splits_at_its_dots_and_only_ascii_is_lowered(
    text: str, labels: names.Labels
) -> None:
    assert names.parse(text) == labels


@pytest.mark.parametrize("text", ["", ".", "a..b", ".a", "a.", "a" * 64, "\ud800"])
def test_what_makes_no_labels_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"label|surrogates"):
        names.parse(text)


def test_labels_stand_in_a_message_behind_their_lengths() -> None:
    assert names.wire((b"db", b"service")) == b"\x02db\x07service"


@pytest.mark.parametrize(
    ("address", "octets"),
    [("10.0.0.1", b"\n\0\0\1"), ("::1", bytes(15) + b"\1")],
)
def test_an_address_is_four_or_sixteen_octets(address: str, octets: bytes) -> None:
    assert names.packed(address) == octets


@pytest.mark.parametrize(
    "text", ["", "localhost", "10.0.0", "10.0.0.256", "fe80::1%lo"]
)
def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(OSError, match="illegal IP address"):
        names.packed(text)


PLACES = {
    "10.0.2.100": "100.2.0.10.in-addr.arpa",
    "2001:db8::1": f"1.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa",
}


@pytest.mark.parametrize(("address", "place"), PLACES.items())
def test_an_address_has_its_place_in_arpa(address: str, place: str) -> None:
    assert names.reverse(names.packed(address)) == names.parse(place)


@pytest.mark.parametrize(("address", "place"), PLACES.items())
def test_a_place_in_arpa_is_found_from_it_and_from_below(
    address: str, place: str
) -> None:
    labels = names.parse(place)

    assert names.address_place(labels) == (labels, names.packed(address))
    below = names.address_place((b"a", b"b", *labels))
    assert below == (labels, names.packed(address))


@pytest.mark.parametrize(
    "name",
    [
        "arpa",
        "in-addr.arpa",
        "0.0.10.in-addr.arpa",
        "1.0.0.256.in-addr.arpa",
        "1.0.0.010.in-addr.arpa",
        "1.0.0.+10.in-addr.arpa",
        "1.0.0.1_0.in-addr.arpa",
        "1.0.0.x.in-addr.arpa",
        "1.0.0.127.consul",
        "8.b.d.0.1.0.0.2.ip6.arpa",
        f"01.{'0.' * 30}2.ip6.arpa",
        f"g.{'0.' * 31}ip6.arpa",
        f" .{'0.' * 31}ip6.arpa",
        f"\xfc.{'0.' * 31}ip6.arpa",
        "consul",
    ],
)
def test_no_other_name_is_the_place_of_an_address(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        names.address_place(names.parse(name))


@pytest.mark.parametrize(
    ("label", "address"),
    [(b"7f000002", "127.0.0.2"), (b"20010db8" + b"0" * 23 + b"1", "2001:db8::1")],
)
def test_an_address_is_spelled_in_hexadecimal(label: bytes, address: str) -> None:
    assert names.to_hex(names.packed(address)) == label
    assert names.from_hex(label) == names.packed(address)


@pytest.mark.parametrize(
    "label", [b"", b"7f0000", b"7f00000200", b"7f 00 00 02", b"7g000002", b"\xff" * 8]
)
def test_no_other_label_spells_an_address(label: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        names.from_hex(label)
