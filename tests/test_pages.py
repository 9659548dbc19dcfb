"""The pages for people: what they link to, name and promise is there."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOT_OURS = {".venv", ".git", ".pytest_cache", "build", "dist", "node_modules"}
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in sorted(ROOT.rglob("*.md"))
    if not NOT_OURS & set(path.relative_to(ROOT).parts)
}
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCHEMES: Mapping[str, str] = PROJECT["project"]["entry-points"]["registrator.backends"]


def links(path: Path) -> list[str]:
    """List where a page leads inside the project; what stands in code is no link."""
    prose = re.sub(r"`[^`\n]*`", "", without_blocks(path.read_text()))
    found = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [each for each in found if not re.match(r"[a-z][a-z0-9+.-]*:", each)]


def without_blocks(text: str) -> str:
    return re.sub(r"(?ms)^```.*?^```", "", text)


def anchors(text: str) -> set[str]:
    """Name the headings of a page as GitHub links to them."""
    seen: dict[str, int] = {}
    result: set[str] = set()
    for heading in re.findall(r"(?m)^#+ +(.+?) *$", without_blocks(text)):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        before = seen[anchor] = seen.get(anchor, -1) + 1
        result.add(f"{anchor}-{before}" if before else anchor)
    return result


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    for target in links(path):
        place, _, anchor = target.partition("#")
        found = path.parent / place if place else path
        assert found.exists(), target
        assert found.resolve().is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(found.read_text()), target


def test_every_page_of_the_docs_is_linked_from_another() -> None:
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path in PAGES.values()
        for target in links(path)
    }
    docs = [path for name, path in PAGES.items() if name.startswith("docs/")]

    assert [path for path in docs if path.resolve() not in linked] == []


def test_every_option_of_a_haproxy_configuration_stands_in_a_table() -> None:
    folder = ROOT / "docs/haproxy"
    schema = json.loads((folder / "haproxy.schema.json").read_text())
    rows = [
        line
        for path in folder.glob("*.md")
        for line in path.read_text().splitlines()
        if line.startswith("|")
    ]
    told = {
        code for row in rows for code in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    [filters] = [row for row in rows if row.startswith("| `filters` |")]
    told |= set(re.findall(r"[a-z]+", filters))
    options = [
        (title, name)
        for title, table in [("top level", schema), *schema["$defs"].items()]
        for name in table.get("properties", ())
    ]

    assert [each for each in options if each[1] not in told] == []


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = [path.name for path in (ROOT / "docs/decisions").glob("0*.md")]

    assert [name for name in pages if f"]({name})" not in index] == []


def test_every_page_of_a_registry_stands_in_the_index_of_registries() -> None:
    index = (ROOT / "docs/backends/README.md").read_text()
    pages = [path.name for path in (ROOT / "docs/backends").glob("[a-z]*.md")]

    assert [name for name in pages if f"]({name})" not in index] == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_registry_stands_in_the_readme_with_a_page_of_its_own(
    scheme: str,
) -> None:
    rows = re.findall(
        r"(?m)^\|[^|]*\|([^|]*)\| *\[[^]]*\]\((docs/[^)]+)\) *\|$",
        (ROOT / "README.md").read_text(),
    )
    pages = [page for uris, page in rows if f"`{scheme}:" in uris]

    assert len(pages) == 1
    assert f"{scheme}:" in (ROOT / pages[0]).read_text()


@pytest.mark.parametrize("kind", sorted(set(SCHEMES.values())))
def test_every_registry_is_run_by_the_contract_tests(kind: str) -> None:
    contract = (ROOT / "tests/contract/stores.py").read_text()

    assert f'kind="{kind}"' in contract


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = {
        word
        for path in PAGES.values()
        for word in re.findall(
            r"(?m)(?:^|`)make ([a-z]+)(?=`|$|  | [A-Z_]+=)", path.read_text()
        )
    }

    assert named
    assert named <= targets


def test_every_benchmark_has_its_row_on_the_page_of_the_figures() -> None:
    names = re.findall(
        r'(?m)^    "(\w+)": \(', (ROOT / "bench/__main__.py").read_text()
    )
    page = (ROOT / "bench/README.md").read_text()

    assert names
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_no_folder_of_tests_is_a_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
