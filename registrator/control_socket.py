"""Where the daemon and registrator-ctl meet."""

import os
from collections.abc import Mapping
from pathlib import Path

_NAME = "control.sock"


def candidates(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """List the sockets a daemon may be found at, the likeliest first."""
    given = environment.get("REGISTRATOR_CONTROL")
    if given:
        return (Path(given),)
    runtime = environment.get("XDG_RUNTIME_DIR")
    private = (Path(runtime) / "registrator" / _NAME,) if runtime else ()
    return (*private, Path("/run/registrator") / _NAME)


def haproxy_candidates(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """List the sockets where a HAProxy side may be asked, the likeliest first.

    One that runs alone has another than a daemon, which may run beside it.
    """
    given = environment.get("REGISTRATOR_CONTROL")
    alone = () if given else (Path("/run/registrator-haproxy") / _NAME,)
    return (*alone, *candidates(environment))


def choose(environment: Mapping[str, str]) -> Path:
    """Return the socket a daemon of this user opens, its directory made if need be.

    Raise OSError where no such directory can be made.
    """
    *private, shared = candidates(environment)
    for path in private:
        if path.parent.parent.is_dir() and os.access(path.parent.parent, os.W_OK):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            return path
    shared.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return shared
