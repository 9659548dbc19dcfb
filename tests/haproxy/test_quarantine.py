"""A service that HAProxy does not take is left out, and the others are served."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from registrator.errors import ConfigError
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.quarantine import Check, sound


@pytest.fixture
def check(tmp_path: Path) -> Check:
    async def check(text: str) -> Sequence[str]:
        file = tmp_path / "haproxy.cfg"
        file.write_text(text)
        done = subprocess.run(  # noqa: ASYNC221  nothing else is to do meanwhile
            ["haproxy", "-c", "-f", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.splitlines() if done.returncode else ()

    return check


def configured(services: dict[str, dict[str, Any]], **more: Any) -> Configuration:
    return Configuration.model_validate({"services": services, **more})


GOOD: dict[str, dict[str, Any]] = {
    "web": {"listen": 18081},
    "db": {"listen": 18082, "mode": "tcp"},
}


async def test_what_haproxy_takes_stays_as_it_is(check: Check) -> None:
    configuration = configured(GOOD)

    found = await sound(configuration, check)

    assert found.configuration is configuration
    assert found.quarantined == {}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"backend": ["option nonsense"]}, "nonsense"),
        ({"frontend": ["use_backend nowhere"], "listen": 18083}, "nowhere"),
        ({"server": "check intr 2s"}, "intr"),
        ({"balance": "upside-down"}, "balance"),
    ],
)
async def test_a_service_that_it_does_not_take_is_left_out_with_its_words(
    check: Check, bad: dict[str, Any], says: str
) -> None:
    found = await sound(configured({"bad": bad, **GOOD}), check)

    assert list(found.configuration.services) == ["web", "db"]
    assert says in "\n".join(found.quarantined["bad"])


async def test_a_fault_in_no_service_is_the_operators(check: Check) -> None:
    with pytest.raises(ConfigError, match="nonsense"):
        await sound(configured(GOOD, **{"global": ["nonsense"]}), check)
