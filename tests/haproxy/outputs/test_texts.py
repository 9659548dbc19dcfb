"""Which file has which text, and which waits."""

import json
from typing import Any

import pytest

from registrator.model import Instance
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.outputs.template import Template
from registrator_haproxy.outputs.texts import Texts, names, texts

BELIEVED = {
    name: (Instance(id=name, name=name, address="10.0.0.1", port=80),)
    for name in ("web", "db")
}


def configured(**output: Any) -> Configuration:
    return Configuration.model_validate(
        {"services": {"web": {}, "db": {}}, "outputs": [output]}
    )


def made(*unheard: str, **output: Any) -> Texts:
    found = configured(**output)
    return texts(found.outputs[0], found, BELIEVED, unheard=unheard)


def test_a_file_of_targets_has_all_services() -> None:
    found = made(file="/t.json", format="file-sd")

    groups = json.loads(found.texts["/t.json"])
    said = [each["labels"]["__meta_registrator_service"] for each in groups]
    assert said == ["web", "db"]


@pytest.mark.parametrize(
    ("form", "key"), [("file-sd", "targets"), ("synapse-json", "host")]
)
def test_a_directory_has_a_file_for_each(form: str, key: str) -> None:
    found = made(directory="/d", format=form)

    assert list(found.texts) == ["/d/web.json", "/d/db.json"]
    assert key in json.loads(found.texts["/d/db.json"])[0]


def test_a_template_is_filled_in_with_the_services_that_are_asked_for() -> None:
    found = configured(file="/f", template="/t", services=["db"])
    template = Template("{{ services | list | json }} {{ node }}", "/t")
    [text] = texts(
        found.outputs[0], found, BELIEVED, template=template, node="here"
    ).texts.values()

    assert names(found.outputs[0], found) == ("db",)
    assert text == '["db"] here'


def test_a_file_waits_for_every_service_in_it() -> None:
    assert made("db", file="/f", format="file-sd") == Texts(
        texts={}, held=frozenset({"/f"})
    )
    alone = made("db", file="/f", format="file-sd", services=["web"])
    assert (list(alone.texts), alone.held) == (["/f"], frozenset())


def test_in_a_directory_each_file_waits_for_itself() -> None:
    found = made("db", directory="/d", format="synapse-json")

    assert (list(found.texts), found.held) == (
        ["/d/web.json"],
        frozenset({"/d/db.json"}),
    )


def test_what_is_left_out_is_named_by_service() -> None:
    found = configured(file="/f", format="file-sd")
    odd = Instance(id="x", name="x", address="a b", port=80)
    left_out = texts(found.outputs[0], found, {"web": (odd,)}).left_out

    assert list(left_out) == ["web"]
