"""What several programs share of their control sockets; more is in test_control."""

import json
import stat
from pathlib import Path

from aiohttp import web

from registrator import local_api
from registrator.errors import ConfigError, Unavailable


async def test_it_answers_for_its_own_user_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    async with local_api.serve(path, web.Application()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    assert not path.exists()


def test_mistakes_of_a_configuration_are_told_one_by_one() -> None:
    answer = local_api.problem(400, ConfigError("one", "two"))

    assert answer.status == 400
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"error": "one\ntwo", "problems": ["one", "two"]}


def test_any_other_reason_is_a_sentence() -> None:
    answer = local_api.problem(503, Unavailable("away"))

    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"error": "away"}
