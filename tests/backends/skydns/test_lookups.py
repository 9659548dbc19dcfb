"""What CoreDNS answers from what a backend wrote into a real etcd."""

from collections.abc import Callable

import pytest

from coredns_rules import CoreDns, Nxdomain, Srv
from fixtures.etcd import EtcdServer
from registrator.model import Service
from registrator_backends.skydns import SkydnsBackend
from registrator_backends.skydns.labels import label_of
from samples import drop, put, web

Make = Callable[..., SkydnsBackend]

pytestmark = pytest.mark.needs_etcd

WEB1 = web("here:web.1:80")
WEB2 = web("here:web.2:80", address="10.0.0.2", port=8002)
NAME = "web.cluster.local"


def target(service: Service, name: str = NAME) -> str:
    return f"{label_of(service.id)}.{name}"


async def test_a_name_has_the_addresses_of_all_its_services(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, WEB1, WEB2, web("six", address="fd00::6"))

    assert dns.addresses(NAME) == ["10.0.0.1", "10.0.0.2"]
    assert dns.addresses(NAME, 6) == ["fd00::6"]
    assert dns.addresses("WEB.Cluster.Local.") == ["10.0.0.1", "10.0.0.2"]


async def test_srv_leads_to_each_port_by_a_name_of_its_own(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, WEB1, WEB2)

    assert dns.srv(NAME) == sorted(
        [
            Srv(
                priority=10,
                weight=50,
                port=each.port,
                target=target(each),
                address=each.address,
            )
            for each in (WEB1, WEB2)
        ]
    )


@pytest.mark.parametrize("service", ["w-1", "any", "ns", "Web.1", "x" * 200, "日本"])
async def test_the_target_of_an_srv_has_its_address_and_no_other(
    backend: SkydnsBackend, dns: CoreDns, service: str
) -> None:
    await put(backend, web(service), WEB2)

    (found,) = [each for each in dns.srv(NAME) if each.address == "10.0.0.1"]

    assert dns.addresses(found.target) == ["10.0.0.1"]


async def test_two_ports_at_one_address_are_two_srv_records(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, web("w.1", port=1), web("w.2", port=2))

    assert {each.port for each in dns.srv(NAME)} == {1, 2}


async def test_weights_and_priorities_count_against_those_that_say_none(
    backend: SkydnsBackend, dns: CoreDns, etcd: EtcdServer
) -> None:
    etcd.put("/skydns/local/cluster/web/anchors", '{"host":"10.0.0.9","port":9}')
    await put(
        backend,
        web("same"),
        web("triple", address="10.0.0.3", weight=3),
        web("spare", address="10.0.0.4", priority=2),
        web("first", address="10.0.0.5", priority=0),
    )

    ranks = {each.address: (each.priority, each.weight) for each in dns.srv(NAME)}

    assert ranks == {
        "10.0.0.9": (10, 20),
        "10.0.0.1": (10, 20),
        "10.0.0.3": (10, 60),
        "10.0.0.4": (11, 100),
        "10.0.0.5": (9, 100),
    }


async def test_a_wildcard_finds_services_as_usual(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, WEB1, web("x", name="shop", address="10.0.0.7"))

    assert dns.addresses("*.cluster.local") == ["10.0.0.1", "10.0.0.7"]
    assert dns.addresses("any.web.cluster.local") == ["10.0.0.1"]
    assert dns.addresses("cluster.local") == ["10.0.0.1", "10.0.0.7"]


async def test_a_name_with_dots_is_found_whole_and_under_its_parent(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, WEB1, web("x", name="blue.web", address="10.0.0.8"))

    assert dns.addresses("blue.web.cluster.local") == ["10.0.0.8"]
    assert dns.addresses(NAME) == ["10.0.0.1", "10.0.0.8"]


async def test_a_name_after_rfc_2782_can_be_chosen(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, web("x", name="_web._tcp"))

    assert [each.port for each in dns.srv("_web._tcp.cluster.local")] == [8000]


async def test_a_group_selects_its_own(backend: SkydnsBackend, dns: CoreDns) -> None:
    blue, green = {"group": "blue"}, {"group": "green"}
    await put(
        backend,
        web("a", metadata=blue),
        web("b", name="x.web", address="10.0.0.2", metadata=green),
        web("c", name="x.web", address="10.0.0.3", metadata=blue),
    )

    assert dns.addresses(NAME) == ["10.0.0.1", "10.0.0.3"]
    assert dns.addresses("x.web.cluster.local") == ["10.0.0.2", "10.0.0.3"]


async def test_tags_and_metadata_are_the_text(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, web(tags=("b", "a"), metadata={"version": "2"}))

    assert [each.text for each in dns.services(NAME)] == ["tag=b tag=a version=2"]


async def test_a_lease_does_not_pass_for_years_in_a_cache(
    backend: SkydnsBackend, dns: CoreDns, etcd: EtcdServer
) -> None:
    await put(backend, WEB1)

    (lease,) = etcd.leases()
    assert lease & 0xFFFFFFFF > 3600
    assert dns.ttls(NAME) == {5}
    assert dns.ttls("1.0.0.10.in-addr.arpa") == {5}


async def test_another_time_to_live_of_answers_can_be_asked_for(
    make: Make, dns: CoreDns
) -> None:
    async with make("?record_ttl=30") as backend:
        await put(backend, WEB1)

    assert dns.ttls(NAME) == {30}


async def test_an_address_leads_back_to_its_name(
    backend: SkydnsBackend, dns: CoreDns
) -> None:
    await put(backend, WEB1, web("six", name="shop", address="2001:db8::6"))

    assert dns.ptr("10.0.0.1") == [NAME]
    assert dns.ptr("2001:db8::6") == ["shop.cluster.local"]
    assert "10.0.0.1" in dns.addresses(dns.ptr("10.0.0.1")[0])
    with pytest.raises(Nxdomain):
        dns.ptr("10.0.0.2")


async def test_what_is_gone_is_not_found_any_more(
    backend: SkydnsBackend, dns: CoreDns, etcd: EtcdServer
) -> None:
    await put(backend, WEB1, WEB2)

    await drop(backend, WEB1.id)

    assert dns.addresses(NAME) == ["10.0.0.2"]
    with pytest.raises(Nxdomain):
        dns.ptr("10.0.0.1")
    await drop(backend, WEB2.id)
    assert etcd.values() == {}


async def test_a_tree_elsewhere_is_one_that_coredns_can_be_told(
    make: Make, etcd: EtcdServer
) -> None:
    async with make("?path=/dns") as backend:
        await put(backend, WEB1)

    elsewhere = CoreDns(etcd, "dns")
    assert elsewhere.addresses(NAME) == ["10.0.0.1"]
    assert elsewhere.srv(NAME)[0].target == target(WEB1)
    assert elsewhere.ptr("10.0.0.1") == [NAME]
