import pytest

from labels.making import container, environment
from registrator.labels.metadata import MAX_LENGTH, MAX_SETTINGS, Settings
from registrator.labels.whitelist import Refused
from registrator.model import Port


def values(*variables: str, **labels: str) -> dict[str, str]:
    """What variables and labels mean for 80/tcp."""
    subject = container(environment=environment(*variables), labels=labels)
    return dict(Settings.of(subject).wishes(Port(80)).values)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param([], {}, id="nothing is said"),
        pytest.param(["PATH=/bin", "MY_SERVICE_X=1"], {}, id="others' variables"),
        pytest.param(["service_name=a"], {}, id="the prefix is in capitals"),
        pytest.param(["SERVICE_NaMe=A"], {"name": "A"}, id="keys are lower-cased"),
        pytest.param(["SERVICE_X=a=b"], {"x": "a=b"}, id="the first = divides"),
        pytest.param(["SERVICE_X=1", "SERVICE_X=2"], {"x": "2"}, id="the later wins"),
        pytest.param(["SERVICE_X=", "SERVICE_=z"], {"x": "", "": "z"}, id="empty"),
        pytest.param(["SERVICE_80=q"], {"80": "q"}, id="a bare port is a key"),
        pytest.param(["SERVICE_80_TCP=q"], {"tcp": "q"}, id="a bare transport too"),
        pytest.param(["SERVICE_80_X=1"], {"x": "1"}, id="this port"),
        pytest.param(["SERVICE_81_X=1"], {}, id="another port"),
        pytest.param(["SERVICE_080_X=1"], {}, id="a port with a zero is nobody's"),
        pytest.param(["SERVICE_999999_X=1"], {}, id="a number beyond ports"),
        pytest.param(["SERVICE_80_TCP_X=1"], {"x": "1"}, id="this transport"),
        pytest.param(["SERVICE_80_UDP_X=1"], {}, id="another transport"),
        pytest.param(["SERVICE_80_ICMP_X=1"], {"icmp_x": "1"}, id="no transport"),
        pytest.param(["SERVICE_1-80_X=1"], {"x": "1"}, id="a range up to it"),
        pytest.param(["SERVICE_80-99_X=1"], {"x": "1"}, id="a range from it"),
        pytest.param(["SERVICE_81-99_X=1"], {}, id="a range above it"),
        pytest.param(["SERVICE_99-1_X=1"], {}, id="a range upside down"),
        pytest.param(["SERVICE_1-99_UDP_X=1"], {}, id="a range of another transport"),
        pytest.param(["SERVICE_1-2-3_X=1"], {"1-2-3_x": "1"}, id="no range"),
        pytest.param(
            ["SERVICE_80_X=port", "SERVICE_X=all"], {"x": "port"}, id="port beats all"
        ),
        pytest.param(
            ["SERVICE_80_TCP_X=both", "SERVICE_80_X=port"],
            {"x": "both"},
            id="port and transport beat port",
        ),
        pytest.param(
            ["SERVICE_80_X=port", "SERVICE_1-99_TCP_X=range"],
            {"x": "port"},
            id="port beats range and transport",
        ),
        pytest.param(
            ["SERVICE_80-80_X=range", "SERVICE_80_X=port"],
            {"x": "port"},
            id="port beats even a range of one",
        ),
        pytest.param(
            ["SERVICE_1-99_X=range", "SERVICE_X=all"], {"x": "range"}, id="range wins"
        ),
        pytest.param(
            ["SERVICE_70-90_X=narrow", "SERVICE_1-99_X=wide"],
            {"x": "narrow"},
            id="the narrower range wins",
        ),
    ],
)
def test_variables_mean(variables: list[str], expected: dict[str, str]) -> None:
    assert values(*variables) == expected


@pytest.mark.parametrize(
    ("variable", "label"),
    [
        pytest.param("SERVICE_X=env", "SERVICE_X", id="for all"),
        pytest.param("SERVICE_80_X=env", "SERVICE_80_X", id="for a port"),
        pytest.param("SERVICE_X=env", "SERVICE_80_X", id="the label is for the port"),
    ],
)
def test_a_label_beats_a_variable(variable: str, label: str) -> None:
    assert values(variable, **{label: "label"}) == {"x": "label"}


def test_a_variable_for_the_port_beats_a_label_for_all() -> None:
    assert values("SERVICE_80_X=env", SERVICE_X="label") == {"x": "env"}


def test_of_two_labels_that_differ_in_case_the_one_that_sorts_last_counts() -> None:
    first = values(SERVICE_Name="mixed", SERVICE_NAME="capitals")
    second = values(SERVICE_NAME="capitals", SERVICE_Name="mixed")

    assert first == second == {"name": "mixed"}


def test_keys_for_this_port_in_particular_are_known() -> None:
    subject = container(environment=environment("SERVICE_80_X=1", "SERVICE_Y=2"))

    assert Settings.of(subject).wishes(Port(80)).specific == {"x"}


def test_a_setting_that_is_longer_than_anybody_means_is_refused() -> None:
    with pytest.raises(Refused, match="'SERVICE_TAGS' is longer than 16384 characters"):
        Settings.of(container(labels={"SERVICE_TAGS": "a," * MAX_LENGTH}))


def test_more_settings_than_anybody_means_are_refused() -> None:
    labels = {f"SERVICE_{number}": "" for number in range(MAX_SETTINGS + 1)}

    with pytest.raises(Refused, match="more than 1000 settings"):
        Settings.of(container(labels=labels))
