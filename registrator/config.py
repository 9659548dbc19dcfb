"""Reads flags, environment and configuration file into `Settings`.

A flag counts before a variable, a variable before the file. Flags are written as
Go programs take them (https://pkg.go.dev/flag): -x, --x, -x=v, -x v, booleans
without a value or as -x=false; they may stand before and after the URIs.
"""

import difflib
import textwrap
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from registrator.errors import ConfigError
from registrator.kinds import BOOLEAN
from registrator.option import Option
from registrator.settings import Settings, options, problems

_OPTIONS = {option.flag: option for option in options()}
_REGISTRIES = "registries"
_MOST = 100_000  # bytes of a configuration file: PyYAML reads 30 kB/s at worst


class HelpWanted(Exception):
    """The command line asks for the help text."""


def load(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    prepare: Callable[[Settings], object] = lambda _: None,
) -> Settings:
    """Read all settings; raise `ConfigError` with every mistake there is.

    *prepare* may raise it too, for what only others can judge: its mistakes stand in
    the same report. Raise `HelpWanted` for -h, -help and --help.
    """
    mistakes: list[str] = []
    flags = _flags(arguments, mistakes)
    variables = _variables(environment, mistakes)
    path = str(flags.get("config") or variables.get("config") or "")
    file = _file(path, mistakes) if path else {}
    settings = Settings(**{**file, **variables, **flags})  # type: ignore[arg-type]  # each value was read by its own kind
    mistakes.extend(problems(settings))
    try:
        prepare(settings)
    except ConfigError as error:
        mistakes.extend(error.problems)
    if mistakes:
        raise ConfigError(*mistakes)
    return settings


def usage() -> str:
    """Write the help text."""
    lines = [
        "usage: registrator [flags] [registry URI ...]",
        "",
        "Keeps service registries in agreement with the containers of this host.",
        "",
    ]
    for option in _OPTIONS.values():
        if option.flag == _REGISTRIES:
            continue
        lines.append(f"  -{option.flag} {option.kind.placeholder}".rstrip())
        lines += textwrap.wrap(
            f"{option.help}{_default(option)}",
            width=79,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
        )
    lines += [
        "",
        "Every flag can be set by a variable (-node-name: REGISTRATOR_NODE_NAME) or in",
        "a file (-config). Registries in the environment: REGISTRATOR_REGISTRIES.",
    ]
    return "\n".join(lines)


def schema() -> dict[str, object]:
    """Make the JSON Schema of a configuration file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "registrator configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            option.flag: {**option.kind.schema, "description": option.help}
            for option in _OPTIONS.values()
            if option.in_file
        },
    }


def reference() -> str:
    """Write the table of all settings for the documentation, in Markdown."""
    rows = ["| flag | variable | default | what it does |", "| --- | --- | --- | --- |"]
    for option in _OPTIONS.values():
        positional = option.flag == _REGISTRIES
        flag = "URI ..." if positional else f"-{option.flag} {option.kind.placeholder}"
        default = _default(option).removeprefix(" (default ").removesuffix(")")
        help_text = option.help.replace("|", "\\|")
        rows.append(
            "| "
            + " | ".join(
                f"`{cell}`".replace("|", "\\|") if cell else ""
                for cell in (flag.strip(), option.variable, default)
            )
            + f" | {help_text} |"
        )
    return "\n".join(rows)


def _default(option: Option) -> str:
    if option.default in {"", False} or option.flag == _REGISTRIES:
        return ""
    number = isinstance(option.default, float)
    return f" (default {f'{option.default:g}' if number else option.default})"


def _flags(arguments: Sequence[str], mistakes: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    uris: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            uris += rest
            break
        if not word.startswith("-") or word == "-":
            uris.append(word)
            continue
        flag, given, text = word.removeprefix("-").removeprefix("-").partition("=")
        if flag in {"h", "help"}:
            raise HelpWanted
        option = _OPTIONS.get(flag)
        if option is None or flag == _REGISTRIES:
            known = [flag for flag in _OPTIONS if flag != _REGISTRIES]
            mistakes.append(_unknown(f"-{flag}", "-", flag, known))
        elif not given and option.kind is BOOLEAN:
            values[option.attribute] = True
        elif not given and not rest:
            mistakes.append(f"-{flag}: a value is missing ({option.kind.placeholder})")
        else:
            text = text if given else rest.pop(0)
            _read(option, f"-{flag}", text, values, mistakes)
    if uris:
        values[_REGISTRIES] = tuple(uris)
    return values


def _variables(
    environment: Mapping[str, str], mistakes: list[str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for option in _OPTIONS.values():
        if option.variable and (text := environment.get(option.variable)):
            _read(option, option.variable, text, values, mistakes)
    return values


def _file(path: str, mistakes: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    known = [option.flag for option in _OPTIONS.values() if option.in_file]
    for key, given in _parse_file(path, mistakes).items():
        name = key if isinstance(key, str) else type(key).__name__
        where = f"{path}: {name}"
        if key not in known:
            mistakes.append(_unknown(where, "", name, known))
            continue
        option = _OPTIONS[str(key)]
        text = _as_text(given, option)
        if text is None:
            wanted = option.kind.placeholder or "true or false"
            found = "nothing" if given is None else f"a {type(given).__name__}"
            mistakes.append(f"{where}: {wanted} is expected, not {found}")
            continue
        _read(option, where, text, values, mistakes)
    return values


def _parse_file(path: str, mistakes: list[str]) -> Mapping[object, object]:
    try:
        text = _content(path)
        found = tomllib.loads(text) if path.endswith(".toml") else _parse_yaml(text)
    except OSError as error:
        mistakes.append(f"{path}: cannot be read: {error.strerror}")
        return {}
    except RecursionError:
        mistakes.append(f"{path}: nested too deeply")
        return {}
    except ValueError as error:
        mistakes.append(f"{path}: {' '.join(str(error).split())}")
        return {}
    if found is None:
        return {}
    if not isinstance(found, dict):
        mistakes.append(f"{path}: a table of settings is expected")
        return {}
    return found


def _content(path: str) -> str:
    with Path(path).open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise ValueError(f"more than {_MOST} bytes are no configuration")
    return data.decode("utf-8-sig")


def _parse_yaml(text: str) -> object:
    from registrator import plain_yaml  # noqa: PLC0415  most daemons have no file

    return plain_yaml.load(text)


def _as_text(given: object, option: Option) -> str | None:
    """Write a value of a file as a flag would have it; None for what cannot be.

    Text must be text in the file too: as a number 1.10 would lose its last digit.
    """
    if isinstance(given, str):
        return given
    match option.kind.schema.get("type"), given:
        case "boolean", bool():
            return str(given).lower()
        case "array", list() if all(isinstance(item, str) for item in given):
            return " ".join(given)
        case ("string" | "array", _) | (_, bool()):
            return None
        case _, float() | int() if not abs(given) > 1e15:  # nor is any setting
            return str(given)
        case _:
            return None


def _read(
    option: Option,
    where: str,
    text: str,
    values: dict[str, object],
    mistakes: list[str],
) -> None:
    if not text and option.default == "":  # as from an empty shell variable
        values[option.attribute] = ""
        return
    try:
        values[option.attribute] = option.kind.read(text)
    except ValueError as wanted:
        mistakes.append(f"{where}: {text!r} is not {wanted}")


def _unknown(where: str, dash: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {dash}{near[0]}?" if near else ""
    return f"{where}: there is no such setting{hint}"
