"""registrator-ctl as its users start it, and a control socket for it to ask."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haproxyshow import HaproxyShowcase
from ordered import Desk
from registrator import control
from showcase import Showcase

CTL = "import sys; from registrator.ctl.commands import main; sys.exit(main())"
KEPT = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}


@contextmanager
def serving(
    path: Path,
    views: Showcase,
    haproxy: HaproxyShowcase | None = None,
    operations: Desk | None = None,
) -> Iterator[None]:
    """Serve from a thread with a loop of its own, while a program is run."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with control.serve(path, views, haproxy, operations):
            ready.set()
            await over.wait()

    server = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    server.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        server.join()
        loop.close()


def ctl(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CTL, *arguments],
        env={**KEPT, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
