"""Templates: what they give, what they cannot, and which line is wrong."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrator.errors import ConfigError
from registrator_haproxy.outputs import template
from registrator_haproxy.outputs.entries import Entry
from registrator_haproxy.outputs.template import Template

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs/haproxy/outputs.md"
EXAMPLES = re.findall(r"(?ms)^```jinja\n(.*?)^```", PAGE.read_text())


def entry(**fields: Any) -> Entry:
    usual = {"id": "h:1", "name": "web", "address": "10.0.0.1", "port": 80}
    return Entry(**{**usual, "metadata": {}, **fields})


SERVICES = {
    "web": (entry(weight=3), entry(address="fd00::1", port=8080, weight=0)),
    "db": (entry(address="db.example", port=5432),),
    "none": (),
}


def filled(text: str, **fields: Any) -> str:
    return Template(text, "t.j2").fill({"web": (entry(**fields),)}, "here")


@pytest.mark.parametrize(("example", "file"), [(0, "upstreams.conf"), (1, "hosts")])
def test_the_examples_of_the_page_give_what_is_kept_here(
    example: int, file: str
) -> None:
    text = Template(EXAMPLES[example], file).fill(SERVICES, "here")

    assert text == (HERE / "golden" / file).read_text()


@pytest.mark.parametrize(
    ("text", "fields", "found"),
    [
        ("{{ services.web[0] | hostport }}", {"address": "::1"}, "[::1]:80"),
        ("{{ services.web[0].place }}", {}, "10.0.0.1:80"),
        ("{{ services.web[0].node | plain }}", {"node": "x; } y"}, "x-y"),
        (
            "{{ services.web[0].tags | json }}",
            {"tags": ('a"', "é")},
            r'["a\"", "\u00e9"]',
        ),
        ("{{ services.web[0].metadata.a | default('-') }}", {}, "-"),
        ("{{ services.web | map(attribute='port') | json }}", {}, "[80]"),
        ("{{ node }}\n", {}, "here\n"),
        ("{% for i in services.web %}\n{{ i.port }}\n{% endfor %}\n", {}, "80\n"),
    ],
)
def test_what_a_template_gives(text: str, fields: dict[str, Any], found: str) -> None:
    assert filled(text, **fields) == found


def test_an_instance_is_json_as_a_whole() -> None:
    found = json.loads(filled("{{ services.web[0] | json }}", tags=("a",)))

    assert (found["address"], found["tags"]) == ("10.0.0.1", ["a"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n{% if %}", "line 2: "),
        (" \n", "line 1: the template is empty"),
        ("a\nb\n{{ x }}", "line 3: 'x' is undefined"),
        ("{{ services.web[0].metadata.zone }}", "has no attribute 'zone'"),
        ("\n{{ services.web[0].port / 0 }}", "line 2: division by zero"),
        ("\n{{ services.__class__ }}", "line 2: access to attribute '__class__'"),
        ("{{ services.clear() }}", "line 1: "),
        ("{% include 'x' %}", "line 1: no loader"),
        ("{{ '\\ud800' }}", "line 1: 'utf-8' codec can't encode"),
        ("{{ services.web[0].tags.x | json }}", "line 1: "),
        ("{{ cycler | json }}", "line 1: type is nothing that JSON has"),
        ("{{ lipsum() }}", "line 1: 'lipsum' is undefined"),
        ("{{ services.web | random }}", "line 1: No filter named 'random'"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "line 1: nested too deeply"),
    ],
)
def test_what_does_not_work_is_told_with_its_line(text: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        filled(text)

    assert str(refused.value).startswith("t.j2: line ")
    assert line in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_text_without_an_end_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "MOST", 1000)
    with pytest.raises(ConfigError, match="gives more than 1000 characters"):
        filled("{% for i in range(99999) %}{{ i }}{% endfor %}")


hostile = st.text() | st.sampled_from(
    ["{{ 7*7 }}", "{% x %}", "x; } y {", "$HOME", '"']
)


@given(hostile)
def test_what_a_registry_holds_is_never_run_as_a_template(text: str) -> None:
    assert filled("{{ services.web[0].node }}", node=text) == text


@given(hostile)
def test_plain_leaves_nothing_that_means_anything(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.:-]*", template.plain(text), re.ASCII)


@given(st.dictionaries(hostile, hostile))
def test_json_says_what_it_was_given_in_one_line(said: dict[str, str]) -> None:
    text = filled("{{ services.web[0].metadata | json }}", metadata=said)

    assert json.loads(text) == said
    assert text.isascii()
    assert text.isprintable()
