"""What was believed outlives the process, and harms nobody when it is damaged."""

import json
import stat
from pathlib import Path

import pytest

from registrator.fitness import Status
from registrator.model import Instance
from registrator_haproxy import memory
from registrator_haproxy.guard import Belief
from registrator_haproxy.memory import Memory

INSTANCE = Instance(
    id="h1:web:80",
    name="web",
    address="10.0.0.1",
    port=80,
    tags=("a", "b"),
    metadata={"zone": "ü"},
    status=Status.WARNING,
    weight=5,
)
BELIEFS = {("web", "consul://127.0.0.1:8500"): Belief.of({"k": INSTANCE}, 5.0)}


def test_what_is_kept_is_found_again_by_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.json"
    ids = {"web": {"b": 2, "a": 1}}
    memory.save(file, Memory())
    memory.save(file, Memory(beliefs=BELIEFS, ids=ids))

    found = memory.load(file)
    assert found == Memory(
        beliefs={("web", "consul://127.0.0.1:8500"): Belief.of({"k": INSTANCE})},
        ids=ids,
    )
    assert list(found.ids["web"]) == ["b", "a"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_there_may_be_nothing_yet(tmp_path: Path) -> None:
    assert memory.load(tmp_path / "none.json") == Memory()


def test_what_was_kept_before_there_were_ids_is_read(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.json"
    memory.save(file, Memory(beliefs=BELIEFS))
    said = json.loads(file.read_text())
    del said["ids"]
    file.write_text(json.dumps({**said, "form": 1}))

    assert memory.load(file).beliefs.keys() == BELIEFS.keys()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"form": 3, "believed": [], "ids": {}}',
        '{"form": 2, "believed": [], "ids": [1]}',
        '{"form": 2, "believed": [], "ids": {"web": {"a": "x"}}}',
        '{"form": 2, "believed": [], "ids": {"web": 1}}',
        '{"form": 2, "believed": [], "ids": {"web": {"a": Infinity}}}',
        '{"form": 1, "believed": [{"service": "web"}]}',
        (
            '{"form": 1, "believed": [{"service": "w", "registry": "r",'
            ' "instances": {"k": {"id": "a", "status": "fine"}}}]}'
        ),
        "[" * 100_000,
        "\ud800".encode(errors="surrogatepass").decode("latin-1"),
    ],
)
def test_what_is_damaged_is_nothing_and_a_warning(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "haproxy.json"
    file.write_text(text, encoding="latin-1")

    assert memory.load(file) == Memory()
    assert "what was believed cannot be read" in caplog.text
