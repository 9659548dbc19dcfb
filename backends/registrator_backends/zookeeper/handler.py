"""How kazoo's client runs here: in one thread, over a connection it is given."""

import logging
import struct
import threading
from collections.abc import Callable
from typing import Any, Final

from kazoo import exceptions
from kazoo.handlers.threading import SequentialThreadingHandler

from registrator_backends.zookeeper.wire import Wire

SILENT: Final = logging.Logger("kazoo", logging.CRITICAL + 1)  # noqa: LOG001  unheard
"""What kazoo says is told by our own errors, without the passwords it would log."""


class OneConnection(SequentialThreadingHandler):  # type: ignore[misc,no-any-unimported]  # untyped
    """kazoo's threads, less all but one: callbacks only wake the event loop."""

    def __init__(self, wire: Wire, ended: Callable[[], None]) -> None:
        super().__init__()
        self._wire: Wire | None = wire
        self._ended = ended

    def start(self) -> None:
        """Start no threads for callbacks: they are called where they arise."""

    def stop(self) -> None:
        """Stop nothing."""

    def create_connection(self, *_: object, **__: object) -> Wire:
        """Hand the connection over, once."""
        wire, self._wire = self._wire, None
        if wire is None:
            raise ConnectionResetError
        return wire

    def dispatch_callback(self, callback: Any) -> None:
        """Call what waits for a change."""
        callback.func(*callback.args)

    def spawn(self, func: Callable[..., None], *args: Any, **kwargs: Any) -> Any:
        """Run the client's loop, and tell of its end."""

        def run() -> None:
            try:
                func(*args, **kwargs)
            except (exceptions.KazooException, RuntimeError, ValueError, struct.error):
                # What answered is no ZooKeeper: the end of it is all there is to tell.
                SILENT.debug("the client's loop ended", exc_info=True)
            finally:
                self._ended()

        thread = threading.Thread(target=run, name="zookeeper", daemon=True)
        thread.start()
        return thread
