import subprocess
import sys

import pytest

from labels.making import container
from registrator.errors import ConfigError
from registrator.labels import TagTemplate, TemplateError
from registrator.labels.tags import split_tags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("foobar", ("foobar",)),
        ("foo,bar", ("foo", "bar")),
        (r"foo\,bar", ("foo,bar",)),
        (r"foo,bar\,baz", ("foo", "bar,baz")),
        (r"\,foobar\,", (",foobar,",)),
        (",,,,foo,,,bar,,,", ("foo", "bar")),
        (",,,,", ()),
        (r",,\,,", (",",)),
        (r"a\,,b", ("a,", "b")),
        (r"a\b", (r"a\b",)),
        (r"a\\,b", (r"a\,b",)),
    ],
)
def test_tags_are_split_as_the_anchor_splits_them(
    text: str, expected: tuple[str, ...]
) -> None:
    assert split_tags(text) == expected


def test_plain_tags_are_the_same_for_every_container() -> None:
    assert TagTemplate.parse(r"b,a\,c,").render(container()) == ("b", "a,c")


def test_plain_tags_load_no_template_engine() -> None:
    program = (
        "import sys\n"
        "from registrator.labels import TagTemplate\n"
        "TagTemplate.parse('a,b')\n"
        "sys.exit('jinja2' in sys.modules)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], check=False)

    assert ended.returncode == 0


@pytest.mark.parametrize("text", ["a\nb", "a,b\n", "x" * 1025, ",".join("a" * 101)])
def test_plain_tags_that_no_store_takes_are_a_mistake_of_the_operator(
    text: str,
) -> None:
    with pytest.raises(ConfigError, match="-tags: "):
        TagTemplate.parse(text)


def test_a_tag_from_a_hostile_label_is_a_failure_on_that_container() -> None:
    template = TagTemplate.parse("{{index .Config.Labels `x`}}")
    hostile = container(attributes={"Config": {"Labels": {"x": "a\nb"}}})

    with pytest.raises(TemplateError, match="is not printable"):
        template.render(hostile)


def test_templates_are_the_same_if_their_texts_are() -> None:
    assert TagTemplate.parse("{{.ID}}") == TagTemplate.parse("{{.ID}}")
    assert TagTemplate.parse("{{.ID}}") != TagTemplate.parse("{{.Name}}")
