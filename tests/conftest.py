"""What every test may ask for."""

import signal

pytest_plugins = ["fixtures.consul", "fixtures.engine"]


def pytest_configure() -> None:
    """Have SIGTERM end the run as Ctrl-C does: what fixtures started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
