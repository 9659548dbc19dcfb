from registrator.backend import Reading
from registrator.model import Instance
from registrator_backends.skydns.answers import answer

PLACE = "/skydns/local/cluster/web"


def reading(*keys: str, **groups: str) -> Reading:
    instances = {
        PLACE + key: Instance(
            id=key.rpartition("/")[2],
            name="whatever",
            address="10.0.0.1",
            port=80,
            metadata={"group": groups[name]} if (name := key[-1:]) in groups else {},
        )
        for key in keys
    }
    return Reading(instances=instances, skipped=3)


def shown(found: Reading) -> set[str]:
    answered = answer(found, PLACE, "web")
    assert answered.skipped == 3
    assert {each.name for each in answered.instances.values()} <= {"web", "whatever"}
    return {key.removeprefix(PLACE) for key in answered.instances}


def test_all_below_a_name_are_its_instances() -> None:
    found = answer(reading("/x", "/a/x", "/b/a/x"), PLACE, "web")

    assert {each.id for each in found.instances.values()} == {"x", "x.a", "x.a.b"}
    assert {each.name for each in found.instances.values()} == {"web"}


def test_a_name_that_only_begins_so_is_another() -> None:
    assert shown(reading("/x", "shop/x", "shop")) == {"/x"}


def test_the_key_of_the_name_itself_counts_where_nothing_is_below() -> None:
    assert shown(reading("")) == {""}
    assert shown(reading("", "/x")) == {"/x"}


def test_nothing_is_shown_of_nothing() -> None:
    assert shown(reading()) == set()


def test_the_group_of_the_shortest_key_is_the_one_that_counts() -> None:
    assert shown(reading("/a", "/x/b", "/x/c", "/x/d", a="1", b="1", c="2")) == {
        "/a", "/x/b", "/x/d",
    }  # fmt: skip


def test_groups_that_disagree_on_the_shortest_keys_do_not_count() -> None:
    assert shown(reading("/a", "/b", a="1", b="2")) == {"/a", "/b"}


def test_groups_below_a_key_without_one_do_not_count() -> None:
    assert shown(reading("/a", "/x/b", "/x/c", b="1", c="2")) == {"/a", "/x/b", "/x/c"}
