import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrator.errors import Rejected
from registrator.model import ServiceId
from registrator_backends.skydns.labels import label_of, labels_of

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
# Ids that differ only in what no label can hold, and those that look like labels.
alike = st.text("ab-.:_A/", min_size=1, max_size=6)


@pytest.mark.parametrize("service", ["w-1", "w", "0", "a1", "x" * 63])
def test_an_id_that_is_a_label_stays_as_it_is(service: str) -> None:
    assert label_of(ServiceId(service)) == service


@pytest.mark.parametrize(
    ("service", "begins"),
    [
        ("here:web.1:80", "here-web-1-80-"),
        ("here:web.1:53:udp", "here-web-1-53-udp-"),
        ("Web", "web-"),
        ("web_1", "web-1-"),
        ("-web-", "web-"),
        ("../../kv/secret", "kv-secret-"),
        ("日本", "id-"),
        (":", "id-"),
        ("x" * 64, "x" * 42 + "-"),
        ("a" * 41 + "-:-" + "b" * 99, "a" * 41 + "-"),
        ("any", "any-"),
        ("*", "id-"),
        ("ns", "ns-"),
        ("apex", "apex-"),
        ("stub", "stub-"),
    ],
)
def test_what_a_label_cannot_hold_becomes_a_hyphen_and_a_digest(
    service: str, begins: str
) -> None:
    label = label_of(ServiceId(service))

    assert label.startswith(begins)
    assert re.fullmatch("[a-z2-7]{20}", label.removeprefix(begins))
    assert label_of(ServiceId(service)) == label


def test_an_id_cannot_pass_for_the_label_of_another() -> None:
    label = label_of(ServiceId("here:web.1:80"))

    assert label_of(ServiceId(label)) != label


@settings(deadline=None)
@given(ids | alike)
def test_every_id_makes_a_label(service: str) -> None:
    label = label_of(ServiceId(service))

    assert len(label) <= 63
    assert LABEL.fullmatch(label)
    assert label not in {"any", "ns", "apex", "stub"}


@settings(deadline=None)
@given(ids | alike, ids | alike)
def test_no_two_ids_meet(one: str, other: str) -> None:
    labels = {label_of(ServiceId(one)), label_of(ServiceId(other))}

    assert len(labels) == len({one, other})


@settings(deadline=None)
@given(ids | alike)
def test_no_id_meets_a_label_that_was_made(service: str) -> None:
    label = label_of(ServiceId(service))

    assert label == service or label_of(ServiceId(label)) != label


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("web", ("web",)),
        ("Web", ("web",)),
        ("a.web", ("a", "web")),
        ("_http._tcp.web", ("_http", "_tcp", "web")),
        ("web_app-80", ("web_app-80",)),
        ("dns", ("dns",)),
        ("x.dns", ("x", "dns")),
        ("ns", ("ns",)),
    ],
)
def test_a_name_is_split_at_its_dots(name: str, labels: tuple[str, ...]) -> None:
    assert labels_of(name) == labels


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "a..b", ".web", "web.", "a/b", "a b", "bücher", "\x7f", "*", "a.*",
        "any", "any.web", "-web", "web-", "x" * 64, "ns.dns", "apex.dns", "a.stub.dns",
    ],
)  # fmt: skip
def test_what_is_no_name_of_dns_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match="name "):
        labels_of(name)
