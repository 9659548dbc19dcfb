"""nerve's configuration on disk, with its directory of services."""

import json
from pathlib import Path
from typing import Any

import pytest

from registrator.errors import ConfigError
from registrator.nerve.file import NerveFiles

ZK = {"host": "10.0.0.1", "port": 1, "zk_hosts": ["zk:2181"], "zk_path": "/a/b"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    path = tmp_path / "nerve.conf.json"
    write(path, services={"web": ZK})
    return path


def write(path: Path, **said: Any) -> None:
    folder = str(path.parent / "more")
    path.write_text(
        json.dumps({"instance_id": "i", "service_conf_dir": folder, **said})
    )


def test_each_file_of_the_directory_is_a_service(file: Path) -> None:
    (file.parent / "more" / "db.json").write_text(json.dumps({**ZK, "port": 2}))
    (file.parent / "more" / "db.json.bak").write_text("{")

    found = NerveFiles(str(file)).read()

    assert {name: each.port for name, each in found.services.items()} == {
        "web": 1,
        "db": 2,
    }
    assert found.notes == ()


def test_of_two_that_are_called_the_same_the_directorys_counts(file: Path) -> None:
    (file.parent / "more" / "web.json").write_text(json.dumps({**ZK, "port": 2}))

    found = NerveFiles(str(file)).read()

    assert found.services["web"].port == 2
    assert found.notes == (f"{file}: services.web: that of service_conf_dir counts",)


def test_a_stamp_is_another_when_any_of_the_files_is(file: Path) -> None:
    files = NerveFiles(str(file))
    files.read()
    seen = [files.stamp()]

    (file.parent / "more" / "db.json").write_text("{}")
    seen.append(files.stamp())
    (file.parent / "more" / "db.json").write_text("{ }")
    seen.append(files.stamp())
    write(file, services={})
    seen.append(files.stamp())
    (file.parent / "more" / "db.json").unlink()
    (file.parent / "more").rmdir()
    seen.append(files.stamp())

    assert all(each not in seen[:number] for number, each in enumerate(seen))


def test_a_configuration_needs_no_directory(file: Path) -> None:
    file.write_text(json.dumps({"instance_id": "i", "services": {"web": ZK}}))
    files = NerveFiles(str(file))

    assert files.read().services.keys() == {"web"}
    assert files.stamp()


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        pytest.param("nerve.conf.json", "{", "while parsing", id="no YAML"),
        pytest.param("nerve.conf.json", "[]", "is no table", id="no table"),
        pytest.param("nerve.conf.json", "services: 1", "services is no", id="services"),
        pytest.param(
            "nerve.conf.json", "service_conf_dir: /nowhere", "No such file", id="no dir"
        ),
        pytest.param("more/db.json", "{", "db.json: while parsing", id="of directory"),
    ],
)
def test_what_cannot_be_read_is_refused(
    file: Path, name: str, text: str, why: str
) -> None:
    (file.parent / name).write_text(text)

    with pytest.raises(ConfigError, match=why):
        NerveFiles(str(file)).read()


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "nerve.json"

    with pytest.raises(ConfigError) as raised:
        NerveFiles(str(path)).read()

    assert str(raised.value).count(str(path)) == 1
