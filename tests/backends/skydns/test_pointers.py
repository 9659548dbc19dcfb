from registrator.model import Service, ServiceId
from registrator.planner import Change
from registrator_backends.etcd.layout import EtcdRecord
from registrator_backends.skydns.layout import SkydnsLayout
from registrator_backends.skydns.pointers import Pointers
from samples import web

LAYOUT = SkydnsLayout(domain="local")
PLACE = ServiceId("/skydns/arpa/in-addr/10/0/0/1")
SHOP = web("shop", name="shop")


def record(service: Service, ttl: float = 60.0) -> EtcdRecord:
    return EtcdRecord(entries=LAYOUT.entries(service), ttl=ttl)


def pointer(name: str, place: ServiceId = PLACE, ttl: float = 60.0) -> EtcdRecord:
    said = f'{{"host":"{name}.local","ttl":5}}'.encode()
    return EtcdRecord(entries=((place, said),), ttl=ttl)


def pointers(*services: Service, wanted: bool = True) -> Pointers:
    """Make pointers that stand in etcd already as these services want them."""
    made = Pointers(LAYOUT, 60.0, wanted=wanted)
    made.found({each.id: record(each) for each in services})
    made.settled(made.steps(), ())
    return made


def test_an_address_leads_to_the_service_there() -> None:
    at_work = pointers()

    at_work.put(web().id, record(web()))

    assert at_work.steps().puts == (Change(PLACE, pointer("web"), None),)


def test_of_several_services_the_name_that_sorts_first_counts() -> None:
    at_work = pointers(web())

    at_work.put(SHOP.id, record(SHOP))

    assert at_work.steps().puts == (Change(PLACE, pointer("shop"), pointer("web")),)


def test_another_service_takes_over_from_one_that_goes() -> None:
    at_work = pointers(web(), SHOP)

    at_work.drop(SHOP.id)

    assert at_work.steps().puts == (Change(PLACE, pointer("web"), pointer("shop")),)


def test_the_last_service_takes_the_pointer_with_it() -> None:
    at_work = pointers(web())

    at_work.drop(web().id)

    assert at_work.steps().drops == (Change(PLACE, None, pointer("web")),)


def test_another_address_is_another_pointer() -> None:
    at_work = pointers(web())

    at_work.put(web().id, record(web(address="10.0.0.2")))

    other = ServiceId("/skydns/arpa/in-addr/10/0/0/2")
    steps = at_work.steps()
    assert steps.puts == (Change(other, pointer("web", other), None),)
    assert steps.drops == (Change(PLACE, None, pointer("web")),)


def test_nothing_is_written_where_the_name_stays_the_same() -> None:
    at_work = pointers(web())

    at_work.put(ServiceId("x"), record(web("x")))
    assert not at_work.steps()
    at_work.drop(web().id)
    assert not at_work.steps()


def test_what_is_found_in_etcd_is_told_apart_and_mended() -> None:
    stale = ServiceId("/skydns/arpa/in-addr/10/0/0/9")
    services = {web().id: record(web())}
    at_work = Pointers(LAYOUT, 60.0, wanted=True)

    shown = at_work.found(
        {**services, PLACE: pointer("shop"), stale: pointer("web", stale)}
    )

    assert shown == services
    steps = at_work.steps()
    assert steps.puts == (Change(PLACE, pointer("web"), pointer("shop")),)
    assert steps.drops == (Change(stale, None, pointer("web", stale)),)


def test_a_pointer_lives_as_long_as_the_services() -> None:
    at_work = Pointers(LAYOUT, 60.0, wanted=True)

    at_work.found({web().id: record(web()), PLACE: pointer("web", ttl=30.0)})

    assert at_work.steps().puts[0].wanted == pointer("web")


def test_where_none_are_wanted_those_of_before_go() -> None:
    at_work = Pointers(LAYOUT, 60.0, wanted=False)

    at_work.found({web().id: record(web()), PLACE: pointer("web")})

    assert at_work.steps().puts == ()
    assert [each.id for each in at_work.steps().drops] == [PLACE]


def test_what_failed_is_tried_again_after_the_next_reading() -> None:
    services = {web().id: record(web())}
    at_work = Pointers(LAYOUT, 60.0, wanted=True)
    at_work.found(services)

    at_work.settled(at_work.steps(), [PLACE])

    assert not at_work.steps()
    at_work.found(services)
    assert [each.id for each in at_work.steps().puts] == [PLACE]


def test_a_drop_that_failed_leaves_the_pointer_there() -> None:
    at_work = pointers(web())
    at_work.drop(web().id)

    at_work.settled(at_work.steps(), [PLACE])
    at_work.put(web().id, record(web()))

    assert not at_work.steps()


def test_a_record_without_an_address_asks_for_nothing() -> None:
    at_work = pointers()
    entry = ("/skydns/local/web/x", b'{"host":"db.example.com"}')

    at_work.put(ServiceId("x"), EtcdRecord(entries=(entry,), ttl=60.0))

    assert not at_work.steps()
