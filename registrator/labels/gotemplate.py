"""Go's text/template, as far as tags need it, translated to jinja2's language.

Actions, pipelines, variables, if, range and with (https://pkg.go.dev/text/template);
no definitions, no break and continue, no methods.
"""

import re
from dataclasses import dataclass, replace

from registrator.labels.functions import FUNCTIONS
from registrator.labels.gotokens import GoSyntaxError, Token, cut, unquoted

_WORDS = frozenset(
    {"if", "else", "end", "range", "with", "and", "or", "not", "true", "false", "nil"}
    | {"define", "template", "block", "break", "continue", "call", "html", "js"}
    | {"urlquery", "httpGet"}
    | FUNCTIONS.keys()
)
"""What an action of a Go template may begin with, besides a dot and the like."""

_ACTION = re.compile(r"\{\{-?(.*?)\}\}", re.DOTALL)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`", re.DOTALL)
_FIELD = re.compile(r"(?:^|[\s(|])[.$](?:\w|$|\s)")
_WORD = re.compile(r"\s*([A-Za-z_]\w*)")

_CONSTANTS = {"true": "true", "false": "false", "nil": "none"}
_DEEPEST = 20


def is_go(text: str) -> bool:
    """Whether the template *text* is Go's: by its fields, or by every first word.

    Statements, comments and texts in single quotes are jinja2's alone.
    """
    actions = [_QUOTED.sub('""', action) for action in _ACTION.findall(text)]
    if "{%" in text or "{#" in text or any("'" in action for action in actions):
        return False
    if any(map(_FIELD.search, actions)):
        return True
    words = [word.group(1) for action in actions if (word := _WORD.match(action))]
    return all(word in _WORDS for word in words)


def translate(text: str) -> str:
    """The same template in jinja2; raise `GoSyntaxError` for what is not understood."""
    return _Translator().template(text)


@dataclass(frozen=True, slots=True)
class _Block:
    """An `if`, `range` or `with` that is open, and the variables known before it."""

    word: str
    known: frozenset[str]
    has_else: bool = False


class _Translator:
    """One pass over a template, from one action to the next."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._blocks: list[_Block] = []
        self._known: frozenset[str] = frozenset()
        self._depth = 0

    def template(self, text: str) -> str:
        """Translate literal texts and actions in turn."""
        parts: list[str] = []
        for piece in cut(text):
            if isinstance(piece, str):
                parts.append(f"{{{{ {piece!a} }}}}" if piece else "")
            else:
                self._tokens = piece
                parts.append(self._action())
                if self._tokens[0].kind != "close":
                    raise self._unexpected()
        if self._blocks:
            raise GoSyntaxError(len(text), f"{self._blocks[-1].word} has no end")
        return "".join(parts)

    def _unexpected(self) -> GoSyntaxError:
        token = self._tokens[0]
        return GoSyntaxError(token.at, f"unexpected {token.text[:20]!r}")

    def _take(self, kind: str, *texts: str) -> str:
        """Go on over a token of this *kind*, one of *texts*; "" for another one."""
        token = self._tokens[0]
        if token.kind != kind or (texts and token.text not in texts):
            return ""
        return self._tokens.pop(0).text

    def _action(self) -> str:
        if self._take("comment"):
            return ""
        if self._take("word", "else"):
            return self._else()
        if self._take("word", "end"):
            return self._end()
        if word := self._take("word", "if", "range", "with"):
            self._blocks.append(_Block(word, self._known))
            return self._range() if word == "range" else self._condition(word)
        name = self._declared()
        expression = self._pipeline()
        return _set(name, expression) or f"{{{{ {expression} }}}}"

    def _condition(self, word: str) -> str:
        name = self._declared()
        expression = self._pipeline()
        if word == "with":
            return f"{{% for dot in given({expression}) %}}{_set(name, 'dot')}"
        return f"{_set(name, expression)}{{% if {expression} %}}"

    def _range(self) -> str:
        first = self._declared(followed_by=",") if self._names_two() else ""
        second = self._declared()
        expression = self._pipeline()
        if first:
            loop = f"{{% for var_{first}, dot in pairs({expression}) %}}"
        else:
            loop = f"{{% for dot in elements({expression}) %}}"
        return loop + _set(second, "dot")

    def _names_two(self) -> bool:
        return [token.text for token in self._tokens[1:4:2]] == [",", ":="]

    def _else(self) -> str:
        block = self._blocks[-1] if self._blocks else None
        if block is None or block.has_else:
            raise self._unexpected()
        self._known = block.known
        if block.word == "if" and self._take("word", "if"):
            return f"{{% elif {self._pipeline()} %}}"
        self._blocks[-1] = replace(block, has_else=True)
        return "{% else %}"

    def _end(self) -> str:
        if not self._blocks:
            raise self._unexpected()
        block = self._blocks.pop()
        self._known = block.known
        return "{% endif %}" if block.word == "if" else "{% endfor %}"

    def _declared(self, followed_by: str = ":=") -> str:
        """The name in `$name :=`; "" where nothing is declared."""
        variable = self._tokens[0]
        if variable.kind != "variable" or self._tokens[1].text != followed_by:
            return ""
        del self._tokens[:2]
        name = variable.text.removeprefix("$")
        if not name.isidentifier():
            raise GoSyntaxError(
                variable.at, f"{variable.text} is no name for a variable"
            )
        self._known |= {name}
        return name

    def _pipeline(self) -> str:
        """Commands with `|` between: each gives the next one its last argument."""
        expression = self._command("")
        while self._take("sign", "|"):
            expression = self._command(expression)
        return expression

    def _command(self, piped: str) -> str:
        word = self._tokens[0]
        if word.kind != "word" or word.text in _CONSTANTS:
            operand = self._operand()
            if piped:
                raise GoSyntaxError(
                    word.at, f"nothing can be piped into {word.text[:20]}"
                )
            return operand
        del self._tokens[0]
        arguments = []
        while self._tokens[0].text not in {"|", ")", "}}", "-}}"}:
            arguments.append(self._operand())
        return _call(word, [*arguments, piped] if piped else arguments)

    def _operand(self) -> str:
        token = self._tokens.pop(0)
        match token.kind:
            case "field":
                return _field("dot", token.text)
            case "variable":
                return self._variable(token)
            case "number":
                return token.text
            case "string" | "raw":
                return ascii(unquoted(token))
            case "word" if token.text in _CONSTANTS:
                return _CONSTANTS[token.text]
            case "sign" if token.text == "(":
                return self._parenthesis(token)
        self._tokens.insert(0, token)
        raise self._unexpected()

    def _variable(self, token: Token) -> str:
        name, _, fields = token.text.removeprefix("$").partition(".")
        if name and name not in self._known:
            raise GoSyntaxError(token.at, f"undefined variable ${name}")
        return _field(f"var_{name}" if name else "root", f".{fields}")

    def _parenthesis(self, token: Token) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise GoSyntaxError(
                token.at, f"more than {_DEEPEST} parentheses in each other"
            )
        expression = self._pipeline()
        if not self._take("sign", ")"):
            raise self._unexpected()
        self._depth -= 1
        if self._tokens[0].kind == "field" and self._tokens[0].tight:
            expression = _field(expression, self._tokens.pop(0).text)
        return expression


def _set(name: str, expression: str) -> str:
    return f"{{% set var_{name} = {expression} %}}" if name else ""


def _field(value: str, fields: str) -> str:
    names = "".join(f", {name!r}" for name in fields.split(".") if name)
    return f"field({value}{names})" if names else value


def _call(function: Token, arguments: list[str]) -> str:
    match function.text:
        case "and" | "or" if arguments:
            return f"({f' {function.text} '.join(arguments)})"
        case "not" if len(arguments) == 1:
            return f"(not {arguments[0]})"
        case "httpGet":
            problem = "httpGet is refused: a template must not use the network"
        case name if name in FUNCTIONS:
            return f"{name}({', '.join(arguments)})"
        case name:
            problem = f"{name} is no function here, or lacks its arguments"
    raise GoSyntaxError(function.at, problem)
