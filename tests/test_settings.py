import re
from dataclasses import fields

import pytest

from registrator.option import Option
from registrator.settings import Settings, options, problems

EVERY = tuple(options())


def test_every_field_is_one_option_under_a_name_of_its_own() -> None:
    assert [option.attribute for option in EVERY] == [
        each.name for each in fields(Settings)
    ]
    assert len({option.flag for option in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    "flag",
    [
        "ip",
        "internal",
        "explicit",
        "useIpFromLabel",
        "tags",
        "ttl",
        "ttl-refresh",
        "resync",
        "deregister",
        "cleanup",
        "retry-attempts",
        "retry-interval",
        "version",
    ],
)
def test_every_flag_of_gliderlabs_registrator_is_there(flag: str) -> None:
    assert flag in {option.flag for option in EVERY}


@pytest.mark.parametrize("option", EVERY, ids=lambda option: option.flag)
def test_every_option_is_described_and_its_default_could_be_given(
    option: Option,
) -> None:
    assert option.help
    assert not option.help.endswith(".")
    assert option.variable in {"", f"REGISTRATOR_{option.attribute.upper()}"}
    assert re.fullmatch(r"[A-Za-z-]+", option.flag)
    if isinstance(option.default, str):
        assert option.default == "" or option.kind.read(option.default)
    elif not isinstance(option.default, tuple):
        assert option.kind.read(str(option.default).lower()) == option.default


def test_the_defaults_fit_together() -> None:
    assert list(problems(Settings())) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(ttl=30, ttl_refresh=30), "-ttl-refresh: 30 s is not less than"),
        (Settings(ttl=30, ttl_refresh=31), "-ttl-refresh: 31 s is not less than"),
        (Settings(once=True, dry_run=True), "-once and -dry-run"),
        (Settings(registries=()), "no registry URI is left"),
    ],
)
def test_what_does_not_fit_together_is_told(settings: Settings, told: str) -> None:
    (problem,) = problems(settings)

    assert problem.startswith(told)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(ttl=0, ttl_refresh=30),
        Settings(ttl=30, ttl_refresh=29.9),
    ],
)
def test_what_fits_is_not_complained_of(settings: Settings) -> None:
    assert list(problems(settings)) == []
