"""Standard output, which may be full, closed, or read by nobody any more."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from registrator.errors import Unwritten


@contextmanager
def written() -> Iterator[None]:
    """Have what the block prints written when it ends; raise `Unwritten` if not.

    The block does nothing but print: every OSError is taken for the output's.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is still kept back would fail again, with a traceback, at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Unwritten(f"standard output: {error.strerror}") from error
