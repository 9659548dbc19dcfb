"""How a field of the settings says what its users see of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeVar, cast

from registrator.kinds import Kind

T = TypeVar("T")

_OPTION: Final = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting as its users see it."""

    attribute: str
    flag: str
    """Without dashes; in a configuration file the same name is the key."""
    variable: str
    """The environment's name for it; "" for what only a command line can mean."""
    kind: Kind[object]
    default: object
    help: str
    in_file: bool


def option(
    kind: Kind[T],
    default: T,
    about: str,
    *,
    flag: str = "",
    where: Literal["anywhere", "not in a file", "command line"] = "anywhere",
) -> T:
    """Make the field of a setting; *flag* where that is not the field's name."""
    said = {"kind": kind, "help": about, "flag": flag, "where": where}
    return field(default=default, metadata={_OPTION: said})


def options_of(settings: type[Any]) -> Iterator[Option]:
    """Yield every setting of a dataclass, in its order."""
    for each in fields(settings):
        about = each.metadata[_OPTION]
        alone = about["where"] == "command line"
        yield Option(
            attribute=each.name,
            flag=about["flag"] or each.name.replace("_", "-"),
            variable="" if alone else f"REGISTRATOR_{each.name.upper()}",
            kind=cast("Kind[object]", about["kind"]),
            default=each.default,
            help=about["help"],
            in_file=about["where"] == "anywhere",
        )
