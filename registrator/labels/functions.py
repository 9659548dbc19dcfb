"""The functions of Go templates that the anchor's users know, and what they print.

No text or list they return is longer than MAX_TEXT or than what they were given.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from registrator.labels.tags import TemplateError

MAX_TEXT = 65_536
MAX_LOOP = 1_000

_MAPS = frozenset({"Labels", "Networks", "Ports"})
"""Fields that are maps in Go: a missing key of theirs is empty, not a mistake."""
_OMITTED = frozenset({"Health", "Healthcheck"})
"""Fields that the engine leaves out where they are empty."""

_VERB = re.compile(
    r"%(?:([-0]*)([1-9][0-9]?)?(?:\.([0-9]{1,3}))?([a-zA-Z])|(.?))", re.DOTALL
)


def printed(value: object) -> str:
    """*value* as Go prints it: `true`, `[a b]`, `map[k:v]`."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list() | tuple():
            return f"[{' '.join(map(printed, value))}]"
        case Mapping():
            pairs = sorted((printed(key), printed(value[key])) for key in value)
            return f"map[{' '.join(f'{key}:{text}' for key, text in pairs)}]"
    raise TemplateError(f"a {type(value).__name__} cannot be printed")


def field(value: object, *names: str) -> object:
    """The field that `.Config.Image` names; `.ID` also finds the engine's `Id`."""
    parent = ""
    for name in names:
        value, parent = _member(value, parent, name), name
    return value


def index(value: object, *keys: object) -> object:
    """The element of a list or map; a missing key of a map gives nothing."""
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key, "")
        elif isinstance(value, list | tuple) and 0 <= _number(key) < len(value):
            value = value[_number(key)]
        elif value not in ("", None):
            raise TemplateError(f"there is no element {printed(key)[:60]!r}")
    return value


def bounded(value: Iterable[object]) -> list[object]:
    """What a template may loop over."""
    elements = list(islice(value, MAX_LOOP + 1))
    if len(elements) > MAX_LOOP:
        raise TemplateError(f"a loop over more than {MAX_LOOP} elements")
    return elements


def _member(value: object, parent: str, name: str) -> object:
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        if parent in _MAPS or name in _OMITTED:
            return ""
        for key in value:
            if key.lower() == name.lower():
                return value[key]
    elif value in ("", None):
        return ""
    raise TemplateError(f"there is no field {name}")


def _elements(value: object) -> list[object]:
    """What `range` goes over: the values of a map in the order of its keys."""
    return [element for _, element in _pairs(value)]


def _pairs(value: object) -> list[tuple[object, object]]:
    if isinstance(value, Mapping):
        return sorted(value.items())
    return list(enumerate(_list(value)))


def _given(value: object) -> list[object]:
    """What `with` goes over: the value once, or never."""
    return [value] if value else []


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TemplateError(f"{printed(value)[:60]!r} is no text")


def _number(value: object) -> int:
    if isinstance(value, int):
        return value
    raise TemplateError(f"{printed(value)[:60]!r} is no number")


def _list(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    if value in ("", None):
        return ()
    raise TemplateError(f"{printed(value)[:60]!r} is no list")


def _texts(value: object) -> list[str]:
    return [_text(element) for element in _list(value)]


def _short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise TemplateError(f"a text longer than {MAX_TEXT}")
    return text


def _str_slice(value: object, *bounds: object) -> str:
    text = _text(value)
    numbers = [_number(bound) for bound in bounds]
    if min(numbers, default=0) < 0:
        raise TemplateError("strSlice takes no negative numbers")
    if not 1 <= len(numbers) <= 2 or max(numbers) > len(text):
        return text
    start, end = numbers[0], numbers[-1]
    return text[start:] if len(numbers) == 1 or end < start else text[start:end]


def _s_index(number: object, value: object) -> str:
    """Like a list's index, but what lies beyond an end is the end."""
    texts = _texts(value)
    if not texts:
        raise TemplateError("sIndex of an empty list")
    place = _number(number)
    return texts[max(place, -len(texts)) if place < 0 else min(place, len(texts) - 1)]


def _m_index(key: object, value: object) -> str:
    if not isinstance(value, Mapping):
        raise TemplateError("mIndex of what is no map")
    return _text(value.get(_text(key), ""))


def replace(count: object, old: object, new: object, value: object) -> str:
    """Replace the first *count* of *old*, or all where it is negative."""
    text, old, new, most = _text(value), _text(old), _text(new), _number(count)
    times = text.count(old) if most < 0 else min(most, text.count(old))
    if len(text) + times * len(new) > MAX_TEXT:
        raise TemplateError(f"a text longer than {MAX_TEXT}")
    return text.replace(old, new, most)


def join(separator: object, value: object) -> str:
    """Put a list together."""
    texts = _texts(value)
    if sum(map(len, texts)) + len(texts) * len(_text(separator)) > MAX_TEXT:
        raise TemplateError(f"a text longer than {MAX_TEXT}")
    return _text(separator).join(texts)


def _split(separator: object, value: object) -> list[str]:
    text, by = _text(value), _text(separator)
    return text.split(by) if by else list(text)


def _matching(pattern: object, value: object) -> list[str]:
    try:
        expression = re.compile(_text(pattern))
    except re.error as error:
        raise TemplateError(f"not a regular expression: {error}") from None
    return [text for text in _texts(value) if expression.search(text)]


def _json_parse(value: object, path: object) -> str:
    """What *path*, keys with `::` between, finds in a JSON text; "" for nothing."""
    try:
        found: object = json.loads(_text(value))
    except (ValueError, RecursionError):
        return ""
    for key in _text(path).split("::"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return (
        found if isinstance(found, str) else "" if found is None else json.dumps(found)
    )


def _length(value: object) -> int:
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise TemplateError(f"{printed(value)[:60]!r} has no length")


def _slice(value: object, start: object = 0, end: object = None) -> object:
    if not isinstance(value, str | list | tuple):
        raise TemplateError("slice of what is no text or list")
    first, last = _number(start), len(value) if end is None else _number(end)
    if not 0 <= first <= last <= len(value):
        raise TemplateError(f"slice beyond the length {len(value)}")
    return value[first:last]


def _printf(pattern: object, *values: object) -> str:
    """Go's %s %v %q %d %t and %%, with width, precision and the flags - and 0."""
    rest = list(values)

    def verb(found: re.Match[str]) -> str:
        flags, width, precision, letter, other = found.groups()
        if other == "%":
            return "%"
        if letter not in tuple("svqdt") or not rest:
            raise TemplateError(
                f"printf: {found.group()!r} with {len(rest)} values left"
            )
        value = rest.pop(0)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        text = printed(value)
        if precision and is_number:
            text, flags = _zeros(text, int(precision)), flags.replace("0", "")
        elif precision:
            text = text[: int(precision)]
        text = json.dumps(text) if letter == "q" else text
        return _padded(text, int(width or 0), flags, is_number=is_number)

    return _short(_VERB.sub(verb, _short(_text(pattern))))


def _zeros(text: str, digits: int) -> str:
    return text.zfill(digits + text.startswith("-"))


def _padded(text: str, width: int, flags: str, *, is_number: bool) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" not in flags:
        return text.rjust(width)
    return text.zfill(width) if is_number else text.rjust(width, "0")


def _equal(value: object, *others: object) -> bool:
    return any(value == other for other in others)


def _compared(left: object, right: object) -> int:
    """Below, at or above zero, as *left* stands to *right*."""
    if isinstance(left, str):
        return (left > _text(right)) - (left < _text(right))
    return _number(left) - _number(right)


FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "eq": _equal,
    "ge": lambda left, right: _compared(left, right) >= 0,
    "gt": lambda left, right: _compared(left, right) > 0,
    "index": index,
    "join": join,
    "jsonParse": _json_parse,
    "le": lambda left, right: _compared(left, right) <= 0,
    "len": _length,
    "lt": lambda left, right: _compared(left, right) < 0,
    "mIndex": _m_index,
    "matchAllElements": _matching,
    "matchFirstElement": lambda regex, texts: next(iter(_matching(regex, texts)), ""),
    "ne": lambda left, right: left != right,
    "print": lambda *values: _short("".join(map(printed, values))),
    "printf": _printf,
    "println": lambda *values: _short(" ".join(map(printed, values)) + "\n"),
    "replace": replace,
    "sIndex": _s_index,
    "slice": _slice,
    "split": _split,
    "splitIndex": lambda place, by, text: _s_index(place, _split(by, text)),
    "strSlice": _str_slice,
    "toLower": lambda text: _text(text).lower(),
    "toUpper": lambda text: _text(text).upper(),
}
"""What a Go template may call, besides `and`, `or` and `not`."""

SYNTAX: Mapping[str, Callable[..., object]] = {
    "field": field,
    "elements": _elements,
    "pairs": _pairs,
    "given": _given,
}
"""What the translation of a Go template calls besides."""
