"""What every test may ask for."""

import signal

pytest_plugins = [
    "fixtures.consul",
    "fixtures.disk",
    "fixtures.engine",
    "fixtures.etcd",
    "fixtures.plugin",
    "fixtures.eureka",
    "fixtures.network",
    "fixtures.zookeeper",
    # After what it imports: pytest wants to be the first that imports each.
    "fixtures.clusters",
]


def pytest_configure() -> None:
    """Have SIGTERM end the run as Ctrl-C does: what fixtures started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
