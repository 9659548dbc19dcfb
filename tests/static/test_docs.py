"""The page for people: its example works, and its table has every word."""

import re
from pathlib import Path

from registrator.static.file import read
from registrator.static.model import Entry

PAGE = (Path(__file__).parents[2] / "docs" / "services.md").read_text()


def test_the_example_is_a_file_of_services() -> None:
    [example] = re.findall(r"(?ms)^```yaml\n(.*?)^```", PAGE)

    assert [each.container.name for each in read(example, "f")] == [
        "services:web",
        "services:postgres",
    ]


def test_every_word_stands_in_the_table() -> None:
    rows = re.findall(r"(?m)^\| (`.*?) \|", PAGE)
    told = {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)}

    assert Entry.model_fields.keys() <= told
