"""The daemon's command line: read the settings, run, say how it ended."""

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from typing import Final

from registrator import app, config, first_process, haproxy_command, logs, prepared
from registrator.errors import ConfigError, GaveUp, SourceError, Unwritten
from registrator.output import written
from registrator.version import __version__
from registrator.visible import visible

_THRESHOLDS: Final = (5_000, 20, 100)
"""As `gc.set_threshold` takes them; Python's own are 700, 10 and 10."""


def main() -> int:
    """Run the daemon; exit code 0: asked to stop, 1: failed, 2: configuration."""
    try:
        return _run(dict(os.environ))
    except ConfigError as error:
        return _complain(2, *error.problems)
    except Unwritten as error:
        return 1 if error.unread else _complain(1, str(error))
    except (GaveUp, SourceError) as error:
        return _complain(1, str(error))


def _run(environment: Mapping[str, str]) -> int:
    try:
        settings = config.load(
            sys.argv[1:], environment, lambda read: prepared.judge(read, environment)
        )
    except config.HelpWanted:
        return _say(config.usage())
    if settings.version:
        return _say(f"registrator {__version__}")
    logs.set_up(settings.log_format, settings.log_level)
    found = prepared.prepare(settings, environment)
    if settings.check_config:
        return _say("\n".join([*found.notes, "the settings are right"]))
    _collect_seldom()
    if not haproxy_command.wanted(settings):
        return asyncio.run(app.run(found))
    # HAProxy may outlive who started it, and then leaves processes to whoever is first.
    return first_process.run(lambda: asyncio.run(app.run(found)))


def _collect_seldom() -> None:
    """Have the collector look through everything seldom: nothing else is done then.

    With 5,000 checks that takes 0.1 s. What is no cycle goes without it.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def _say(text: str) -> int:
    with written():
        print(text)  # noqa: T201  what was asked for
    return 0


def _complain(code: int, *problems: str) -> int:
    for problem in problems:
        print(f"registrator: {visible(problem)}", file=sys.stderr)  # noqa: T201  the last word
    return code


if __name__ == "__main__":
    sys.exit(main())
