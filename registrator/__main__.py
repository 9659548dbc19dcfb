"""The daemon's command line: read the settings, run, say how it ended."""

import asyncio
import os
import sys

from registrator import app, config, logs
from registrator.errors import ConfigError, GaveUp, SourceError
from registrator.version import __version__
from registrator.visible import visible


def main() -> int:
    """Run the daemon; exit code 0: asked to stop, 1: failed, 2: configuration."""
    environment = dict(os.environ)
    try:
        settings = config.load(
            sys.argv[1:], environment, lambda read: app.prepare(read, environment)
        )
        if settings.version:
            print(f"registrator {__version__}")  # noqa: T201  what was asked for
            return 0
        logs.set_up(settings.log_format, settings.log_level)
        if settings.check_config:
            print("the settings are right")  # noqa: T201  what was asked for
            return 0
        return asyncio.run(app.run(app.prepare(settings, environment)))
    except config.HelpWanted:
        print(config.usage())  # noqa: T201  what was asked for
        return 0
    except ConfigError as error:
        for problem in error.problems:
            print(f"registrator: {visible(problem)}", file=sys.stderr)  # noqa: T201  before any log
        return 2
    except (GaveUp, SourceError) as error:
        print(f"registrator: {visible(str(error))}", file=sys.stderr)  # noqa: T201  the last word
        return 1


if __name__ == "__main__":
    sys.exit(main())
