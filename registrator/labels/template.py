"""Templates for -tags, run by jinja2 on data that containers wrote.

The language is cut down until nothing in it can make much out of little: no
arithmetic, no concatenation, no calls but a few methods that hardly lengthen a text,
loops over a bounded number of elements, two deep at most. So a template that is wrong,
or a label that is hostile, ends in an error and not in a daemon without memory.
"""

from collections.abc import Callable, Mapping

import jinja2
from jinja2 import nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

from registrator.errors import ConfigError
from registrator.labels import functions
from registrator.labels.gotemplate import is_go, translate
from registrator.labels.gotokens import GoSyntaxError
from registrator.labels.tags import TemplateError
from registrator.labels.whitelist import shown

MAX_TEMPLATE = 4096
MAX_NESTING = 2

_NODES = (
    nodes.And,
    nodes.Assign,
    nodes.Call,
    nodes.Compare,
    nodes.CondExpr,
    nodes.Const,
    nodes.Filter,
    nodes.For,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.Keyword,
    nodes.List,
    nodes.Name,
    nodes.Neg,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Output,
    nodes.Slice,
    nodes.Template,
    nodes.TemplateData,
    nodes.Test,
    nodes.Tuple,
)

_METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "get",
        "items",
        "keys",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "title",
        "upper",
        "values",
    }
)

_FILTERS = (
    "capitalize",
    "count",
    "d",
    "default",
    "first",
    "int",
    "last",
    "length",
    "list",
    "lower",
    "sort",
    "title",
    "trim",
    "upper",
)

_FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template raises on data that is not what it expects."""


def compile_template(text: str) -> Callable[[Mapping[str, object]], str]:
    """Make a function of *text*, a template in Go's language or in jinja2's.

    It takes the engine's inspect answer, and raises `TemplateError` where the template
    does not work on that. Raise `ConfigError` for one that can never work.
    """
    if len(text) > MAX_TEMPLATE:
        raise ConfigError(f"-tags: a template longer than {MAX_TEMPLATE} characters")
    go = is_go(text)
    environment = _environment()
    try:
        tree = environment.parse(translate(text) if go else text)
        _check(tree, _GO_CALLS if go else frozenset())
        _bound_loops(tree, environment)
        template = environment.from_string(tree)
    except GoSyntaxError as error:
        raise ConfigError(f"-tags, read as Go's template: {error}") from None
    except jinja2.TemplateSyntaxError as error:
        problem = (error.message or "").rstrip(".")
        problem = f"line {error.lineno}: {problem}"
        raise ConfigError(f"-tags, read as jinja2's template: {problem}") from None
    except (RecursionError, SyntaxError):
        raise ConfigError("-tags: the template is nested too deeply") from None

    def render(attributes: Mapping[str, object]) -> str:
        if go:
            return _run(template, {"dot": attributes, "root": attributes})
        return _run(template, {"ID": attributes.get("Id", ""), **attributes})

    return render


def _environment() -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=False,  # tags are no HTML
        cache_size=0,
        finalize=_finalized,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals = {
        **functions.FUNCTIONS,
        **functions.SYNTAX,
        "bounded": functions.bounded,
    }
    environment.filters = {
        **{name: FILTERS[name] for name in _FILTERS},
        "join": lambda value, by="": functions.join(by, value),
        "replace": lambda value, old, new: functions.replace(-1, old, new, value),
        "string": functions.printed,
    }
    return environment


def _finalized(value: object) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises, and says what is undefined
    return functions.printed(value)


def _check(node: nodes.Node, calls: frozenset[str], loops: int = 0) -> None:
    """Refuse what a template must not hold, in *node* and below."""
    allowed = isinstance(node, _NODES)
    match node:
        case nodes.Call():
            allowed = _may_call(node.node, calls) and not (
                node.dyn_args or node.dyn_kwargs
            )
        case nodes.For():
            loops += not _is_with(node)
            allowed = loops <= MAX_NESTING and not node.recursive
        case nodes.List() | nodes.Tuple() if getattr(node, "ctx", "load") == "load":
            allowed = all(isinstance(item, nodes.Const) for item in node.items)
    if not allowed:
        kind = type(node).__name__
        raise jinja2.TemplateSyntaxError(f"{kind} is not allowed in tags", node.lineno)
    for child in node.iter_child_nodes():
        _check(child, calls, loops)


def _may_call(function: nodes.Expr, calls: frozenset[str]) -> bool:
    if isinstance(function, nodes.Getattr):
        return function.attr in _METHODS
    return isinstance(function, nodes.Name) and function.name in calls


def _is_with(loop: nodes.For) -> bool:
    """Whether this is the translation of `with`, which goes round once at most."""
    call = loop.iter
    return (
        isinstance(call, nodes.Call)
        and isinstance(call.node, nodes.Name)
        and call.node.name == "given"
    )


def _bound_loops(tree: nodes.Template, environment: jinja2.Environment) -> None:
    for loop in list(tree.find_all(nodes.For)):
        bounded = nodes.Name("bounded", "load")
        loop.iter = nodes.Call(bounded, [loop.iter], [], None, None)
    tree.set_lineno(1).set_environment(environment)


def _run(template: jinja2.Template, data: Mapping[str, object]) -> str:
    pieces: list[str] = []
    size = 0
    try:
        for piece in template.generate(data):
            size += len(piece)
            if size > functions.MAX_TEXT:
                raise TemplateError(f"more than {functions.MAX_TEXT} characters")
            pieces.append(piece)
    except _FAILURES as error:
        raise TemplateError(shown(str(error))) from None
    return "".join(pieces)


_GO_CALLS = frozenset({*functions.FUNCTIONS, *functions.SYNTAX})
