"""What a configuration may say of outputs."""

from typing import Any

import pytest
from pydantic import ValidationError

from registrator_haproxy.configuration.model import Configuration

TARGETS = {"file": "/t.json", "format": "file-sd"}
JSON = {"directory": "/d", "format": "synapse-json"}
TEXT = {"file": "/f", "template": "/t"}


def configured(*outputs: dict[str, Any], **top: Any) -> Configuration:
    services: dict[str, Any] = {"web": {}, "db": {}}
    return Configuration.model_validate(
        {"services": services, "outputs": list(outputs), **top}
    )


@pytest.mark.parametrize(
    "output",
    [
        TARGETS,
        JSON,
        TEXT,
        {"directory": "/d", "format": "file-sd"},
        {**TEXT, "validate": ["check", "-c={file}"], "notify": ["reload"]},
        {**TEXT, "mode": "0600", "deadline": 1.5, "services": ["web"]},
    ],
)
def test_an_output_is_read(output: dict[str, Any]) -> None:
    [found] = configured(output).outputs

    assert found.place == output.get("file", output.get("directory"))


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ([{"format": "file-sd"}], "either `file` or `directory`"),
        ([{**TARGETS, "directory": "/d"}], "either `file` or `directory`"),
        ([{"file": "/f"}], "either `template` or `format`"),
        ([{**TEXT, "format": "file-sd"}], "either `template` or `format`"),
        ([{"directory": "/d", "template": "/t"}], "a template makes one text"),
        ([{"file": "/f", "format": "synapse-json"}], "is a file a service"),
        ([{**TEXT, "validate": ["true"]}], "no word of `validate` has {file}"),
        ([{**TEXT, "file": "f"}], "a path begins with /"),
        ([{**TEXT, "file": "/a/../f"}], "a path begins with /"),
        ([{**TEXT, "file": "/a//f"}], "a path begins with /"),
        ([{**TEXT, "file": "/f\n"}], "printable characters only"),
        ([{**TEXT, "mode": "888"}], "should match pattern"),
        ([{**TEXT, "services": []}], "at least 1 item"),
        ([{**TEXT, "services": ["x"]}], "output /f: there is no service x"),
        ([TEXT, {**TEXT, "template": "/u"}], "two outputs are written into /f"),
        ([JSON, JSON], "two outputs are written into /d"),
        ([JSON, {**TARGETS, "file": "/d/db.json"}], "written into /d/db.json"),
        ([{**TEXT, "file": "/t"}], "output /t: /t is a template"),
        (
            [{**TARGETS, "file": "/run/registrator-haproxy/haproxy.cfg"}],
            "haproxy.cfg is HAProxy's own",
        ),
    ],
)
def test_what_is_wrong_is_said(outputs: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        configured(*outputs)

    assert why in str(refused.value)


def test_two_outputs_may_have_other_services_in_one_directory_each() -> None:
    other = {**JSON, "directory": "/e", "services": ["web"]}

    assert len(configured(JSON, other).outputs) == 2


def test_a_haproxy_that_is_not_there_has_no_files() -> None:
    own = {**TARGETS, "file": "/run/registrator-haproxy/haproxy.cfg"}

    assert configured(own, haproxy={"manage": "nothing"}).outputs
