import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator import config
from registrator.config import HelpWanted
from registrator.errors import ConfigError
from registrator.option import Option
from registrator.settings import Settings, options

OPTIONS = tuple(options())
NAMED = [option for option in OPTIONS if option.flag != "registries"]
ROOT = Path(__file__).parent.parent


def load(*arguments: str, **environment: str) -> Settings:
    return config.load(arguments, environment)


def mistakes(*arguments: str, **environment: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        config.load(arguments, environment)
    return raised.value.problems


def test_nothing_given_is_every_default() -> None:
    assert load() == Settings()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-ttl", "30"),
        ("--ttl", "30"),
        ("-ttl=30",),
        ("--ttl=30",),
        ("-ttl=99", "-ttl=30"),
        ("-ttl", "99", "--ttl=30"),
    ],
)
def test_a_flag_is_written_as_go_programs_take_it(arguments: tuple[str, ...]) -> None:
    assert load(*arguments).ttl == 30.0


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("-internal", True),
        ("--internal", True),
        ("-internal=true", True),
        ("--internal=1", True),
        ("-internal=T", True),
        ("-internal=false", False),
        ("--internal=0", False),
        ("-internal=F", False),
    ],
)
def test_a_switch_needs_no_value_and_takes_one_behind_an_equals_sign_only(
    argument: str, *, value: bool
) -> None:
    settings = load(argument, "consul://a")

    assert settings.internal is value
    assert settings.registries == ("consul://a",)


@pytest.mark.parametrize(
    ("arguments", "uris"),
    [
        (("a:", "-internal"), ("a:",)),
        (("-internal", "a:"), ("a:",)),
        (("a:", "-internal", "b:"), ("a:", "b:")),
        (("-ip", "10.0.0.1", "a:", "-ttl=30", "b:"), ("a:", "b:")),
        (("--", "-internal"), ("-internal",)),
        (("-internal", "--", "a:", "--"), ("a:", "--")),
        (("-",), ("-",)),
    ],
)
def test_registries_stand_before_between_and_after_the_flags(
    arguments: tuple[str, ...], uris: tuple[str, ...]
) -> None:
    assert load(*arguments).registries == uris


@pytest.mark.parametrize(
    ("arguments", "attribute", "value"),
    [
        (("-retry-attempts", "-1"), "retry_attempts", -1),
        (("-tags", "--x"), "tags", "--x"),
        (("-tags=a=b,c=d",), "tags", "a=b,c=d"),
        (("-tags=",), "tags", ""),
        (("-tags", ""), "tags", ""),
        (("-tags", "{{.Config.Image}}"), "tags", "{{.Config.Image}}"),
        (("-useIpFromLabel", "ip"), "use_ip_from_label", "ip"),
        (("-ip", ""), "ip", ""),
        (("-node-name=",), "node_name", ""),
        (("-max-removals", "25%"), "max_removals", 0.25),
    ],
)
def test_a_value_is_whatever_follows(
    arguments: tuple[str, ...], attribute: str, value: object
) -> None:
    assert getattr(load(*arguments), attribute) == value


@pytest.mark.parametrize(
    "argument", ["-h", "--h", "-help", "--help", "-help=true", "-h=0"]
)
def test_help_is_given_whatever_else_is_wrong(argument: str) -> None:
    with pytest.raises(HelpWanted):
        load("-nonsense", argument)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-intenal",), "-intenal: there is no such setting; did you mean -internal?"),
        (("--intenal=1",), "-intenal: there is no such setting; did you mean -inte"),
        (("-xyzzy",), "-xyzzy: there is no such setting"),
        (("-registries", "a:"), "-registries: there is no such setting"),
        (("---ttl", "3"), "--ttl: there is no such setting; did you mean -ttl?"),
        (("-=3",), "-: there is no such setting"),
        (("-ttl",), "-ttl: a value is missing (seconds)"),
        (("-ttl", "x"), "-ttl: 'x' is not a number of seconds, 0 or more"),
        (("-ttl=",), "-ttl: '' is not a number of seconds, 0 or more"),
        (("-internal=maybe",), "-internal: 'maybe' is not true or false"),
        (("-deregister", "yes"), "-deregister: 'yes' is not always or on-success or"),
        (("-retry-attempts", "-2"), "-retry-attempts: '-2' is not a whole number, -1"),
        (("-retry-interval", "0"), "-retry-interval: '0' is not a whole number, 1 or"),
        (("-ip", "0.0.0.0"), "-ip: '0.0.0.0' is not an IP address that clients can"),
        (("-node-name", "a b"), "-node-name: 'a b' is not a host name"),
        (("-config", "a\nb"), "-config: 'a\\nb' is not text without control"),
    ],
)
def test_a_mistake_names_the_flag_and_what_was_wanted(
    arguments: tuple[str, ...], told: str
) -> None:
    assert mistakes(*arguments)[0].startswith(told)


def test_a_flag_that_does_not_exist_is_never_suggested() -> None:
    (told,) = mistakes("-registries")

    assert "-registries?" not in told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("ip: x\nnonsense: 1\n")

    told = mistakes(
        "-ttl=x",
        "-nope",
        f"-config={file}",
        "-once",
        "-dry-run",
        REGISTRATOR_RESYNC="y",
    )

    assert [line.removeprefix(f"{file}: ").split(":")[0] for line in told] == [
        "-ttl",
        "-nope",
        "REGISTRATOR_RESYNC",
        "ip",
        "nonsense",
        "-once and -dry-run",
    ]


def test_mistakes_that_only_others_can_find_stand_in_the_same_report() -> None:
    def prepare(settings: Settings) -> None:
        raise ConfigError(f"no such registry: {settings.registries[0]}")

    with pytest.raises(ConfigError) as raised:
        config.load(["-ttl=x", "a:"], {}, prepare)

    assert raised.value.problems[1:] == ("no such registry: a:",)


@pytest.mark.parametrize("option", NAMED, ids=lambda option: option.flag)
def test_a_variable_sets_what_its_flag_sets(option: Option) -> None:
    text = {
        "config": str(ROOT / "no-such-file.yaml"),
        "deregister": "never",
        "checks": "local",
        "unhealthy": "keep",
        "dns-only": "warning",
        "on-exit": "deregister",
        "log-format": "json",
        "log-level": "debug",
        "ip": "10.0.0.1",
    }.get(option.flag, "1")
    if not option.variable:
        assert load(**{f"REGISTRATOR_{option.attribute.upper()}": text}) == Settings()
        return

    by_flag, by_variable = Settings(), Settings()
    if option.flag != "config":
        by_flag = load(f"-{option.flag}={text}", "-ttl=2")
        by_variable = load("-ttl=2", **{option.variable: text})

    assert by_flag == by_variable
    if option.flag not in {"config", "ttl"}:
        assert getattr(by_variable, option.attribute) != option.default


def test_a_flag_counts_before_a_variable_and_a_variable_before_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("ttl: 30\nresync: 31\nttl-refresh: 2\nregistries: [file:1]\n")

    settings = load(
        "-ttl=10",
        REGISTRATOR_CONFIG=str(file),
        REGISTRATOR_TTL="20",
        REGISTRATOR_RESYNC="21",
        REGISTRATOR_REGISTRIES="env:1 env:2",
    )

    assert (settings.ttl, settings.resync, settings.ttl_refresh) == (10, 21, 2)
    assert settings.registries == ("env:1", "env:2")


def test_a_flag_can_take_back_what_a_variable_says() -> None:
    assert load("-internal=false", REGISTRATOR_INTERNAL="true").internal is False


def test_registries_on_the_command_line_take_the_place_of_all_others() -> None:
    assert load("a:", REGISTRATOR_REGISTRIES="b:").registries == ("a:",)


def test_an_empty_variable_is_as_good_as_none() -> None:
    empty = {option.variable: "" for option in OPTIONS if option.variable}

    assert load(**empty) == Settings()


def test_variables_of_others_do_not_matter() -> None:
    assert load(REGISTRATOR_SERVICE_HOST="x", REGISTRATOR_PORT="tcp://") == Settings()


words = st.one_of(
    st.sampled_from([f"-{option.flag}" for option in OPTIONS]),
    st.sampled_from(
        ["-", "--", "-=", "---", "-ttl=", "-h", "consul://x", "-1", "=", ""]
    ),
    st.builds(
        lambda option, text: f"--{option.flag}={text}",
        st.sampled_from(OPTIONS),
        st.text(st.characters(), max_size=5),
    ),
    st.text(st.characters(), max_size=8),
)


@given(st.lists(words, max_size=6))
def test_no_command_line_does_anything_but_load_or_tell(arguments: list[str]) -> None:
    # -config may name anything here; a file of that name is not there.
    with suppress(ConfigError, HelpWanted):
        config.load(arguments, {})


@given(
    st.dictionaries(
        st.sampled_from([each.variable for each in OPTIONS if each.variable]),
        st.text(st.characters(), max_size=8),
    )
)
def test_no_environment_does_anything_but_load_or_tell(
    environment: dict[str, str],
) -> None:
    with suppress(ConfigError):
        config.load([], environment)


@pytest.mark.parametrize("option", NAMED, ids=lambda option: option.flag)
def test_the_help_text_names_every_setting_and_what_it_takes(
    option: Option,
) -> None:
    head = f"  -{option.flag} {option.kind.placeholder}".rstrip()

    assert head in config.usage().splitlines()
    assert " ".join(option.help.split()) in " ".join(config.usage().split())


def test_the_help_text_fits_a_terminal() -> None:
    assert max(map(len, config.usage().splitlines())) <= 80


def test_the_reference_has_one_row_for_each_setting_with_equal_columns() -> None:
    _, _, *rows = config.reference().splitlines()

    assert len(rows) == len(OPTIONS)
    for row, option in zip(rows, OPTIONS, strict=True):
        assert len(re.split(r"(?<!\\)\|", row)) == 6
        assert f"-{option.flag}" in row or option.flag == "registries"
        assert not option.variable or f"`{option.variable}`" in row


def test_the_published_reference_is_the_one_of_the_code() -> None:
    assert config.reference() in (ROOT / "docs/settings.md").read_text()
