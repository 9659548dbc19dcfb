import pytest

from registrator.complaints import Complaints
from registrator.labels import Decision
from registrator.model import Container, ContainerId, Port, State

WEB = Container(
    id=ContainerId("a" * 64), name="web.1", image="web", state=State.RUNNING
)
REFUSED = Decision(port=Port(80), rule="refused", reason="its name is no name")
NOTED = Decision(port=Port(81), rule="published", reason="", notes=("one", "two"))
FINE = Decision(port=Port(82), rule="published", reason="published on host port 82")


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


def test_what_was_asked_for_in_vain_is_told(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.tell(WEB, (REFUSED, NOTED, FINE))

    (told,) = caplog.messages
    assert told == (
        "container web.1: port 80/tcp: its name is no name; port 81/tcp: one;"
        " port 81/tcp: two"
    )


def test_what_concerns_the_whole_container_names_no_port(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.tell(WEB, (Decision(rule="refused", reason="too many ports"),))

    assert caplog.messages == ["container web.1: too many ports"]


def test_what_was_not_asked_for_is_not_missed(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.tell(WEB, (FINE, Decision(rule="not-published", reason="not asked")))

    assert caplog.messages == []


def test_a_complaint_is_told_once_until_it_changes(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    for decisions in ((REFUSED,), (REFUSED,), (NOTED,), (NOTED,)):
        complaints.tell(WEB, decisions)

    assert len(caplog.messages) == 2


def test_a_complaint_that_comes_back_is_told_again(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    for decisions in ((REFUSED,), (FINE,), (REFUSED,)):
        complaints.tell(WEB, decisions)
    complaints.forget(WEB.id)
    complaints.tell(WEB, (REFUSED,))

    assert len(caplog.messages) == 3


def test_of_many_complaints_some_are_told(
    complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    many = [Decision(port=Port(n), rule="refused", reason="no") for n in range(1, 101)]
    complaints.tell(WEB, many)

    (told,) = caplog.messages
    assert told.count("no") == 5
    assert told.endswith("; and 95 more, see registrator-ctl explain")
