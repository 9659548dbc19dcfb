"""A container's first process: it reaps what others leave behind.

What a program starts, and does not outlive, has the first process as its parent from
then on, and stays as a dead entry until that waits for it: the workers of a HAProxy
whose master was killed, for one.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

_PASSED_ON: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def run(work: Callable[[], int]) -> int:
    """Do *work* and return its exit code; as a first process, in a child of its own.

    The child has the signals that are sent here, and when it ends this ends too, and
    with it everything in the container. To be called before there are threads.
    """
    if os.getpid() != 1:
        return work()
    # What is sent before somebody can pass it on waits until then.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return work()

    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    for each in _PASSED_ON:
        signal.signal(each, pass_on)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _reap_until(child)


def _reap_until(child: int) -> int:
    """Wait for whatever ends, until that is *child*; return its exit code."""
    while True:
        process, status = os.wait()
        if process == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code  # as a shell has it
