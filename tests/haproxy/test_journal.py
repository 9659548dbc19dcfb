"""What is remembered of what was done, and how often it is told."""

from dataclasses import replace
from itertools import count

from registrator.model import Instance
from registrator_haproxy.difference import Act
from registrator_haproxy.guard import Belief
from registrator_haproxy.journal import MOST, Journal, Kind

WEB = ("web", "etcd://h:2379")
SHOWN = {"1": Instance(id="1", name="web", address="10.0.0.1", port=80)}
GOOD = Belief.of(SHOWN)
AWAY = replace(GOOD, why="the registry is away")


def journal() -> Journal:
    ticks = count(1)
    return Journal(lambda: float(next(ticks)))


def told(made: Journal) -> list[tuple[str, str, str]]:
    return [(each.kind, each.what, each.why) for each in made.entries]


def test_servers_that_were_changed_are_one_entry_and_so_many_counts() -> None:
    made = journal()
    made.did(Act.ADD, "web", ["a", "b"])
    made.did(Act.REMOVE, "web", ["a"])

    assert told(made) == [
        ("runtime", "add web: a, b", ""),
        ("runtime", "remove web: a", ""),
    ]
    assert [each.at for each in made.entries] == [1.0, 2.0]
    assert made.counts == {(Kind.RUNTIME, "add"): 2, (Kind.RUNTIME, "remove"): 1}


def test_of_many_servers_some_are_named() -> None:
    made = journal()
    made.did(Act.ADD, "web", [str(number) for number in range(1000)])

    assert told(made) == [
        ("runtime", "add web: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more", "")
    ]


def test_nothing_done_is_nothing_told() -> None:
    made = journal()
    made.did(Act.ADD, "web", [])

    assert (made.entries, made.counts) == ((), {})


def test_a_reload_has_all_its_reasons_and_counts_once() -> None:
    made = journal()
    made.reloaded(["backend web is new", "defaults has other lines"])
    made.reloaded([])

    why = "backend web is new; defaults has other lines"
    assert told(made) == [("reload", "reloaded", why), ("reload", "reloaded", "")]
    assert made.counts == {(Kind.RELOAD, "new"): 1, (Kind.RELOAD, "other"): 1}


def test_trouble_is_told_once_until_it_is_over() -> None:
    made = journal()
    for trouble in ("no answer", "no answer", "", "no answer"):
        made.failed(trouble, "unavailable")

    assert made.trouble == "no answer"
    assert len(made.entries) == 2
    made.failed("")
    assert (made.trouble, len(made.entries)) == ("", 2)
    assert made.counts == {(Kind.FAILURE, "unavailable"): 2}


def test_an_entry_that_is_left_out_is_told_once() -> None:
    made = journal()
    made.left_out({"web": ["x: bad"]})
    made.left_out({"web": ["x: bad", "y: bad"]})

    assert told(made) == [("refusal", "web", "x: bad"), ("refusal", "web", "y: bad")]
    assert made.refused == {"web": ["x: bad", "y: bad"]}
    assert made.counts == {(Kind.REFUSAL, "entry"): 2}


def test_a_configuration_that_is_refused_is_a_trouble_until_one_is_in_use() -> None:
    made = journal()
    made.unconfigured("/etc/x.yaml", "line 1: nonsense")
    made.failed("")
    refused = made.trouble
    made.configured("/etc/x.yaml")

    assert refused == "the configuration stays as it was: line 1: nonsense"
    assert made.trouble == ""


def test_a_service_and_a_configuration_are_refused_with_haproxys_words() -> None:
    made = journal()
    made.quarantined({"bad": ["line 3", "line 4"]})
    made.unconfigured("/etc/x.yaml", "line 1: nonsense")
    made.configured("/etc/x.yaml")

    assert told(made) == [
        ("refusal", "bad", "line 3; line 4"),
        ("refusal", "/etc/x.yaml", "line 1: nonsense"),
        ("configuration", "/etc/x.yaml", ""),
    ]


def test_a_doubt_is_told_when_it_comes_and_when_it_goes() -> None:
    made = journal()
    for belief in (GOOD, AWAY, AWAY, GOOD):
        made.doubted({WEB: belief})

    assert told(made) == [
        ("held", "web from etcd://h:2379", "the registry is away"),
        ("believed", "web from etcd://h:2379", ""),
    ]
    assert made.counts[Kind.HELD, "away"] == 1


def test_of_a_loss_that_grows_nothing_new_is_told() -> None:
    made = journal()
    for gone in ("3 of 4", "4 of 4"):
        loss = replace(GOOD, why=f"{gone} servers went at once")
        made.doubted({WEB: loss})

    assert len(made.entries) == 1


def test_what_never_showed_anything_holds_nothing() -> None:
    made = journal()
    made.doubted({WEB: Belief(why="the registry is away")})

    assert made.entries == ()


def test_what_may_stand_no_longer_is_told_although_nothing_is_left() -> None:
    made = journal()
    why = "the registry is away, for longer than what it held may stand"
    made.doubted({WEB: Belief(why=why)})

    assert made.counts == {(Kind.HELD, "expired"): 1}


def test_of_a_service_that_is_no_more_nothing_is_told() -> None:
    made = journal()
    made.doubted({WEB: AWAY})
    made.doubted({})

    assert len(made.entries) == 1


def test_the_oldest_are_forgotten_and_counted_all_the_same() -> None:
    made = journal()
    for _ in range(MOST + 5):
        made.configured("x")

    assert len(made.entries) == MOST
    assert made.counts == {(Kind.CONFIGURATION, "changed"): MOST + 5}
