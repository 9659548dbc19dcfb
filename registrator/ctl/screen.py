"""What tables for people are made of."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from registrator.visible import visible

_COLOURS = {
    "passing": "green",
    "warning": "yellow",
    "critical": "red",
    "in-sync": "green",
    "current": "green",
    "pending": "yellow",
    "away": "yellow",
    "error": "red",
    "up": "green",
    "no check": "green",
    "drain": "yellow",
    "maint": "yellow",
    "down": "red",
    "failure": "red",
    "refusal": "yellow",
    "held": "yellow",
}


def coloured(word: str) -> Text:
    """Show a word in the colour of what it means."""
    return Text(visible(word), style=_COLOURS.get(word, ""))


def text(shown: str) -> Text:
    """Show what a container may have said: neither markup nor a terminal's command."""
    return Text(visible(shown))


def table(*columns: str) -> Table:
    """Make a table that folds what is too long: nothing is ever cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def console() -> Console:
    """Fit a terminal's width; where nobody looks, fold nothing."""
    return Console(width=None if sys.stdout.isatty() else 1_000_000, highlight=False)
