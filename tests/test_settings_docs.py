"""What is published of the settings is what `make docs` would write."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registrator import config
from registrator.option import Option
from registrator.settings import options

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/settings.md").read_text()
EVERY = tuple(options())


def test_writing_the_docs_once_more_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/docs", tmp_path / "scripts")

    subprocess.run([sys.executable, tmp_path / "scripts/docs"], check=True, timeout=60)

    for page in (ROOT / "docs").rglob("*.*"):
        written = tmp_path / "docs" / page.relative_to(ROOT / "docs")
        assert written.read_bytes() == page.read_bytes(), page


def test_what_stands_between_the_marks_is_written_anew(tmp_path: Path) -> None:
    docs = tmp_path / "docs" / "deeper"
    docs.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/docs", tmp_path / "scripts")
    page = docs / "page.md"
    page.write_text("a <!-- settings:begin -->\\1 old<!-- settings:end --> z")

    subprocess.run([sys.executable, tmp_path / "scripts/docs"], check=True, timeout=60)

    assert page.read_text() == (
        f"a <!-- settings:begin -->\n{config.reference()}\n<!-- settings:end --> z"
    )


@pytest.mark.parametrize("option", EVERY, ids=lambda option: option.flag)
def test_the_page_names_every_flag_and_variable(option: Option) -> None:
    assert option.flag == "registries" or f"`-{option.flag}" in PAGE
    assert f"`{option.variable}`" in PAGE or not option.variable


def test_the_schema_is_published_as_it_is_made() -> None:
    text = (ROOT / "docs/config.schema.json").read_text()

    assert text == f"{json.dumps(config.schema(), indent=2)}\n"


@pytest.mark.parametrize("language", ["yaml", "toml"])
def test_the_examples_of_the_page_can_be_loaded(language: str, tmp_path: Path) -> None:
    _, _, after = PAGE.partition(f"```{language}\n")
    file = tmp_path / f"example.{language}"
    file.write_text(after.partition("```")[0])

    settings = config.load([f"-config={file}"], {})

    assert settings.registries == ("consul://127.0.0.1:8500", "dns://127.0.0.1:8600")
    assert settings.node_name == "web-01"
