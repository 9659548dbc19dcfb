"""What no linter knows of: the rules of this house, held by every module."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from registrator import stores

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "registrator",
    "backends/registrator_backends",
    "dns/registrator_dns",
    "haproxy/registrator_haproxy",
)
MODULES = {
    str(path.relative_to(ROOT)): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
ENVIRONMENT = {
    "registrator/__main__.py",
    "registrator/ctl/commands.py",
    "haproxy/registrator_haproxy/__main__.py",
}
"""Whoever else wants a variable is given it."""
LIBRARIES = {"aiohttp", "dns", "docker", "jinja2", "kazoo", "rich", "yaml"}


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(), name)


def nodes(name: str, kind: type[Node]) -> list[Node]:
    return [node for node in ast.walk(tree(name)) if isinstance(node, kind)]


def lines(name: str) -> list[str]:
    return MODULES[name].read_text().splitlines()


def used(name: str) -> set[str]:
    """Name all that a module uses, with its dots, imports included."""
    said = {ast.unparse(node) for node in nodes(name, ast.Attribute)}
    imports = nodes(name, ast.ImportFrom)
    return said | {f"{node.module}.{a.name}" for node in imports for a in node.names}


def calls(name: str) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in nodes(name, ast.Call)]


def functions(name: str) -> list[Function]:
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    return [node for node in ast.walk(tree(name)) if isinstance(node, kinds)]


def length(node: Function) -> int:
    """Count the lines of a function's body, its docstring and closures left out."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    inner = [each for each in node.body if isinstance(each, kinds)]
    inside = sum((each.end_lineno or 0) - each.lineno + 1 for each in inner)
    return (node.end_lineno or 0) - body[0].lineno + 1 - inside if body else 0


def test_a_module_is_read_in_one_sitting() -> None:
    long = {name: len(lines(name)) for name in MODULES}

    assert {name: count for name, count in long.items() if count > 300} == {}


def test_a_function_is_seen_at_a_glance() -> None:
    long = {
        f"{name}: {node.name}": length(node)
        for name in MODULES
        for node in functions(name)
    }

    assert {name: count for name, count in long.items() if count > 40} == {}


def test_a_module_says_what_it_is_for() -> None:
    said = {name: ast.get_docstring(tree(name)) or "" for name in MODULES}

    assert [name for name, text in said.items() if not text.strip()] == []


def test_a_module_offers_few_names() -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    offers = {
        name: [
            node.name
            for node in tree(name).body
            if isinstance(node, kinds) and not node.name.startswith("_")
        ]
        for name in MODULES
    }

    assert {name: each for name, each in offers.items() if len(each) > 12} == {}


def test_only_the_command_lines_read_the_environment() -> None:
    wanted = {"os.environ", "os.getenv", "os.environb"}

    assert {name for name in MODULES if wanted & used(name)} <= ENVIRONMENT


def test_no_task_is_without_a_parent() -> None:
    bare = {"asyncio.create_task", "asyncio.ensure_future", "loop.create_task"}

    assert [name for name in MODULES if bare & used(name)] == []


def test_every_task_of_a_group_has_a_name() -> None:
    nameless = [
        name
        for name in MODULES
        for function, call in calls(name)
        if function.endswith(".create_task")
        and "name" not in {keyword.arg for keyword in call.keywords}
    ]

    assert nameless == []


def test_no_error_is_caught_for_all_that_it_may_be() -> None:
    caught = {
        (name, ast.unparse(node.type) if node.type else "everything")
        for name in MODULES
        for node in nodes(name, ast.ExceptHandler)
    }
    too_much = {"everything", "Exception", "BaseException"}

    assert {each for each in caught if too_much & set(re.findall(r"\w+", each[1]))} == {
        # Where others' code is run, which may raise anything.
        ("registrator/health/foreign.py", "(Exception, SystemExit)")
    }


def test_no_module_has_the_name_of_a_library() -> None:
    assert [name for name in MODULES if MODULES[name].stem in LIBRARIES] == []


def test_no_exception_to_a_rule_is_without_its_reason() -> None:
    silent = [
        line
        for name in MODULES
        for above, line in pairwise(lines(name))
        for mark in ("# noqa", "# type: ignore")
        if mark in line
        and len(line.partition(mark)[2].split()) < 3
        and not above.lstrip().startswith("#")
    ]

    assert silent == []


def test_a_log_has_the_name_of_the_module_that_writes_it() -> None:
    others = [
        name
        for name in MODULES
        for function, call in calls(name)
        if function == "logging.getLogger"
        and ast.unparse(call) != "logging.getLogger(__name__)"
    ]

    assert set(others) <= {"registrator/logs.py"}


def test_a_logged_message_is_lower_case_without_a_full_stop() -> None:
    messages = [
        str(call.args[0].value)
        for name in MODULES
        for function, call in calls(name)
        if function.startswith("log.")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]

    assert len(messages) > 10
    assert [each for each in messages if each.endswith(".") or each[0].isupper()] == []


def test_every_room_says_what_it_promises() -> None:
    rooms = [ROOT / room for room in ("registrator", "backends", "dns", "haproxy")]

    assert all((room / "README.md").is_file() for room in rooms)


def test_every_registry_has_a_page_in_the_documentation() -> None:
    modules = {
        entry.value.partition(":")[0].rpartition(".")[2]
        if entry.module.startswith("registrator_backends")
        else entry.module.partition(".")[0].removeprefix("registrator_")
        for entry in entry_points(group=stores.GROUP)
        if entry.module.startswith("registrator_")
    }

    assert modules
    for module in modules:
        assert (ROOT / "docs" / "backends" / f"{module}.md").is_file(), module


def test_every_scheme_stands_on_the_first_page_or_in_the_documentation() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    said = "".join(page.read_text() for page in pages)

    for entry in entry_points(group=stores.GROUP):
        assert f"{entry.name}://" in said


def test_every_package_tells_type_checkers_that_it_is_typed() -> None:
    assert all((ROOT / package / "py.typed").is_file() for package in PACKAGES)


def test_every_package_is_under_the_arrows() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    under = pyproject["tool"]["importlinter"]["root_packages"]

    assert under == [Path(package).name for package in PACKAGES]


def test_every_module_of_the_core_has_a_test_of_its_own() -> None:
    untested = {
        path.stem
        for path in (ROOT / "registrator").glob("*.py")
        if not (ROOT / "tests" / f"test_{path.stem.strip('_')}.py").is_file()
    }

    # Types without behaviour, and what only the whole program can show.
    assert untested <= {
        *(
            "__init__",
            "app",
            "check",
            "backend",
            "described",
            "errors",
            "model",
            "overview",
            "plain_yaml",
            "readable",
        ),
        *(
            "dns_views",
            "haproxy_side",
            "haproxy_views",
            "option",
            "report",
            "single_round",
        ),
        *("lives", "option", "orders_views", "parts", "version", "views"),
    }
