"""A daemon's child: tells it how it began, and ends when the daemon does.

One line of JSON on standard output says either of these::

    {"ready": SECONDS}          the most that its end takes, once it is asked to end
    {"problems": [SENTENCE]}    what is wrong with the configuration
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final

from registrator_haproxy.configuration.model import Configuration

_ENDING: Final = 15.0
"""Seconds that the end of HAProxy takes at most, when none is left to its clients."""


def end_with_parent() -> None:
    """See to it that this ends as soon as standard input does, as a crash would.

    HAProxy serves on, and the next one goes on with it. It is a thread that waits: the
    next one may be there at once, and must not find this.
    """
    threading.Thread(target=_await_end, name="parent", daemon=True).start()


def tell_ready(configuration: Configuration) -> None:
    """Say that the configuration can be worked with."""
    _tell({"ready": configuration.haproxy.soft_stop + _ENDING})


def tell_problems(problems: Sequence[str]) -> None:
    """Say that it cannot, and why."""
    _tell({"problems": list(problems)})


def _tell(line: object) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def _await_end() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
