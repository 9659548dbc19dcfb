"""The tokens of Go's text/template: what stands between double braces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = " \t\r\n"
_OPENING = re.compile(r"\{\{(-(?=[ \t\r\n]))?")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<close>(?:(?<=[ \t\r\n])-)?\}\})
    | (?P<comment>/\*.*?\*/)
    | (?P<variable>\$\w*(?:\.\w+)*)
    | (?P<field>(?:\.[^\W\d]\w*)+|\.)
    | (?P<word>[^\W\d]\w*)
    | (?P<number>-?[0-9]{1,9}(?![\w.]))
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<raw>`[^`]*`)
    | (?P<sign>:=|[|(),])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_ESCAPED = dict(zip("abfnrtv\\\"'", "\a\b\f\n\r\t\v\\\"'", strict=True))


class GoSyntaxError(ValueError):
    """The template cannot be read; says where and why."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(f"character {at + 1}: {problem}")


@dataclass(frozen=True, slots=True)
class Token:
    """One token, and the place in the template where it begins."""

    kind: str
    text: str
    at: int
    tight: bool
    """Whether it follows the token before without a space."""


def cut(text: str) -> Iterator[str | list[Token]]:
    """Literal texts and actions in turn, trimmed where the actions' braces say so."""
    at, trim = 0, False
    while opening := _OPENING.search(text, at):
        literal = text[at : opening.start()]
        literal = literal.lstrip(_SPACE) if trim else literal
        yield literal.rstrip(_SPACE) if opening.group(1) else literal
        tokens = _tokens(text, opening.end())
        yield tokens
        at, trim = tokens[-1].at + len(tokens[-1].text), tokens[-1].text != "}}"
    yield text[at:].lstrip(_SPACE) if trim else text[at:]


def _tokens(text: str, at: int) -> list[Token]:
    """The tokens from *at* to the closing braces, which are the last one."""
    tokens: list[Token] = []
    spaced = True
    while found := _TOKEN.match(text, at):
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, found.group(), at, tight=not spaced))
        if kind == "close":
            return tokens
        spaced = kind == "space"
        at = found.end()
    rest = text[at : at + 10]
    raise GoSyntaxError(
        at, f"unexpected {rest!r}" if rest else "the action is not closed"
    )


def unquoted(token: Token) -> str:
    """The text that a string token stands for."""
    if token.kind == "raw":
        return token.text[1:-1]

    def meaning(found: re.Match[str]) -> str:
        code = found.group(1) or found.group(2) or found.group(3)
        plain = chr(int(code, 16)) if code and int(code, 16) < 0x110000 else ""
        character = plain or _ESCAPED.get(found.group(4) or "", "")
        if not character or "\ud800" <= character <= "\udfff":
            raise GoSyntaxError(token.at, f"{found.group()!r} means nothing in a text")
        return character

    return _ESCAPE.sub(meaning, token.text[1:-1])
