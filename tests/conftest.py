"""What every test may ask for."""

import logging
import signal
from collections.abc import Iterator

import hypothesis
import pytest

pytest_plugins = [
    "fixtures.consul",
    "fixtures.disk",
    "fixtures.engine",
    "fixtures.etcd",
    "fixtures.plugin",
    "fixtures.eureka",
    "fixtures.haproxy",
    "fixtures.haproxy_process",
    "fixtures.network",
    "fixtures.redis",
    "fixtures.zookeeper",
    # After what it imports: pytest wants to be the first that imports each.
    "fixtures.clusters",
]


def pytest_configure() -> None:
    """Have SIGTERM end the run as Ctrl-C does: what fixtures started is stopped.

    No example is too slow, nor is making one up: the machine may be.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hypothesis.settings.register_profile(
        "patient",
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Have what a test sets up of the log, as a program does, reach no other."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for each in list(root.handlers):
        if each not in handlers:
            root.removeHandler(each)
    root.setLevel(level)
