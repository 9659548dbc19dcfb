"""What the pages say of the options is what there is."""

import re
from pathlib import Path

import pytest

from registrator_dns import lasting
from registrator_dns.clients import options as limits
from registrator_dns.forward import options as forwarding
from registrator_dns.options import read_options

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

EVERY = re.compile(r"known: ([^)]*)\)")


def options() -> set[str]:
    """Ask for an option that there is not, and be told those there are."""
    with pytest.raises(Exception, match="unknown option") as told:
        read_options("dns://?nonsense=1")
    (names,) = EVERY.findall(str(told.value))
    return set(names.split(", "))


def named(page: str) -> set[str]:
    text = (DOCS / page).read_text()
    cells = re.findall(r"(?m)^\| ([^|]*) \|.*\|$", text)
    return {name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)}


def test_the_tables_of_modules_name_every_module() -> None:
    text = (ROOT / "dns/README.md").read_text()
    cells = re.findall(r"(?m)^\| ([^|]*) \|(.*)\|$", text)
    named = set(re.findall(r"`([a-z_]+)(?:\.c)?`", str(cells)))
    modules = (ROOT / "dns/registrator_dns").rglob("*.py")

    assert {each.stem for each in modules} - {"__init__"} <= named


def test_the_page_of_the_registry_names_every_option() -> None:
    assert named("backends/dns.md") >= options()


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("dns/limits.md", set(limits.NAMES)),
        ("dns/forwarding.md", set(forwarding.NAMES)),
        ("dns/process.md", set(lasting.NAMES)),
        ("dns/cluster.md", {"from", "only", "max-stale"}),
    ],
)
def test_each_option_is_described_on_a_page_of_its_own(
    page: str, names: set[str]
) -> None:
    assert named(page) >= names


def test_the_defaults_of_the_limits_are_those_on_the_page() -> None:
    text = (DOCS / "dns/limits.md").read_text()
    said = dict(re.findall(r"(?m)^\| `([a-z-]+)` \| `?(\w+)`? \|", text))

    assert said == {**limits.NAMES, "cookie-secret-file": "none"}
