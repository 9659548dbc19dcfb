"""Each sentence that makes for a reload, or a doubt, is counted under one word."""

import pytest

from registrator.model import Instance
from registrator_haproxy import causes
from registrator_haproxy.difference import difference
from registrator_haproxy.guard import Belief, Caution, believe
from registrator_haproxy.layout import Backend, Layout, Section, Server

ONE = Server(name="a_10.0.0.1:80", address="10.0.0.1", port=80)
WEB = Layout(
    fixed=(Section(title="global"), Section(title="defaults")),
    backends={"web": Backend(name="web", servers=(ONE,))},
)
NOTHING = Layout(fixed=WEB.fixed)


def only(backend: Backend) -> Layout:
    return Layout(fixed=WEB.fixed, backends={"web": backend})


class Lives:
    """A server as it is to be."""

    weight = 1
    ready = True
    unused = False

    def is_at(self, address: str, port: int) -> bool:
        return bool(address and port)


@pytest.mark.parametrize(
    ("loaded", "wanted", "cause"),
    [
        (None, WEB, "unknown"),
        (NOTHING, WEB, "new"),
        (WEB, NOTHING, "gone"),
        (WEB, only(Backend(name="web", lines=("mode tcp",))), "lines"),
        (
            WEB,
            only(
                Backend(
                    name="web",
                    servers=(
                        Server(name=ONE.name, address="10.0.0.1", port=80, backup=True),
                    ),
                )
            ),
            "options",
        ),
        (WEB, Layout(fixed=WEB.fixed[::-1], backends=WEB.backends), "order"),
        (
            only(Backend(name="web", dynamic=False)),
            only(Backend(name="web", dynamic=False)),
            "balancing",
        ),
    ],
)
def test_why_a_reload_is_needed_is_one_of_a_few_words(
    loaded: Layout | None, wanted: Layout, cause: str
) -> None:
    found = difference(loaded, wanted, {("web", ONE.name): Lives()})

    assert {causes.of_reload(each) for each in found.reasons} == {cause}


@pytest.mark.parametrize(
    "said",
    [
        "server web/a_10.0.0.1:80: Dynamic servers only support ...",
        "haproxy /run/x: backend web: there is none",
    ],
)
def test_what_no_socket_takes_is_refused(said: str) -> None:
    assert causes.of_reload(said) == "refused"


def test_what_is_not_known_is_something_else() -> None:
    assert causes.of_reload("a whim") == causes.of_doubt("a whim") == causes.OTHER


def shown(count: int) -> dict[str, Instance]:
    return {
        str(n): Instance(id=str(n), name="web", address="10.0.0.1", port=80 + n)
        for n in range(count)
    }


@pytest.mark.parametrize(
    ("registry", "now", "cause"),
    [(None, 1.0, "away"), ({}, 1.0, "empty"), (shown(1), 1.0, "loss")],
)
def test_why_a_registry_is_not_believed_is_one_of_a_few_words(
    registry: dict[str, Instance] | None, now: float, cause: str
) -> None:
    found = believe(Belief.of(shown(4)), registry, Caution(), now)

    assert causes.of_doubt(found.why) == cause


def test_what_stood_for_too_long_has_expired() -> None:
    before = believe(Belief.of(shown(4)), None, Caution(keep=5.0), 0.0)
    found = believe(before, None, Caution(keep=5.0), 5.0)

    assert causes.of_doubt(found.why) == "expired"
