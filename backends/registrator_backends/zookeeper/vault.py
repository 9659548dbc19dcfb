"""Keeps a session's ticket in a file, so that a restarted daemon goes on with it."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from registrator import state
from registrator_backends.zookeeper.terms import Ticket

log = logging.getLogger(__name__)


class Vault:
    """One file, for one place in ZooKeeper and one node; all of it may block.

    Whoever has the ticket can end the session and all that lives with it: the file
    is for its owner alone. Without a file, or one that can be used, nothing is kept.
    """

    def __init__(self, directory: Path | None, *of: str) -> None:
        name = hashlib.sha256("\0".join(of).encode(errors="replace")).hexdigest()[:16]
        self.path = directory / f"zookeeper-{name}.json" if directory else None

    def take(self) -> Ticket | None:
        """Read the ticket; None where there is none that can be used."""
        if self.path is None:
            return None
        try:
            found: dict[str, Any] = json.loads(self.path.read_text())
            return Ticket(int(found["session"], 16), bytes.fromhex(found["password"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("session file %s: %s; a new session begins", self.path, error)
            return None

    def keep(self, ticket: Ticket) -> None:
        """Write the ticket, as a whole or not at all."""
        if self.path is None:
            return
        body = {"session": f"{ticket.session:#x}", "password": ticket.password.hex()}
        try:
            state.write(self.path, json.dumps(body))
        except OSError as error:
            log.warning(
                "session file %s: %s; after a restart a new session begins",
                self.path,
                error.strerror,
            )
