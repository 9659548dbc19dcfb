"""registrator-haproxy: a local HAProxy that follows registries."""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from registrator import first_process, logs, state
from registrator.errors import ConfigError, RegistratorError
from registrator.haproxy_api import FROM
from registrator.stamp import stamp
from registrator.version import __version__
from registrator.visible import visible
from registrator_haproxy import app, child
from registrator_haproxy.configuration.bind import read_bind
from registrator_haproxy.listings import Asked
from registrator_haproxy.pace import Settle, read_settle
from registrator_haproxy.start import Start, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; exit code 0: asked to stop, 1: failed, 2: configuration."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    asked.auto = asked.auto or os.environ.get(FROM, "").split()
    if asked.config is None and not asked.auto:
        parser.error("give a configuration, or --auto URI")
    logs.set_up(asked.log_format, asked.log_level)
    return first_process.run(lambda: _complete(asked))


def _complete(asked: argparse.Namespace) -> int:
    try:
        return _run(asked)
    except RegistratorError as error:
        problems = error.problems if isinstance(error, ConfigError) else (str(error),)
        if asked.child and isinstance(error, ConfigError):
            child.tell_problems(problems)
            return 2
        for problem in problems:
            print(f"registrator-haproxy: {visible(problem)}", file=sys.stderr)  # noqa: T201  the last word
        return 2 if isinstance(error, ConfigError) else 1


def _run(asked: argparse.Namespace) -> int:
    environment = dict(os.environ)
    start = Start(
        file=asked.config,
        seen=stamp(asked.config) if asked.config else None,
        auto=_auto(asked),
        state=None,
        node=asked.node_name or platform.node(),
        zone=asked.zone,
        environment=environment,
        control=asked.control,
        ready=child.tell_ready if asked.child else lambda _: None,
        settle=_settle(asked.haproxy_settle),
    )
    configuration = load(start)
    if asked.check_config:
        if not asked.child:
            print("the configuration is right")  # noqa: T201  what was asked for
        return 0
    if asked.child:
        child.end_with_parent()
    kept = state.directory(asked.state, environment)
    asyncio.run(app.run(start.keeping(kept), configuration))
    return 0


def _auto(asked: argparse.Namespace) -> Asked | None:
    if not asked.auto:
        return None
    try:
        listen = read_bind(asked.auto_listen)
    except ValueError as error:
        raise ConfigError(f"--auto-listen: {error}") from error
    return Asked(sources=tuple(asked.auto), listen=listen, keep=asked.auto_keep)


def _settle(said: str | None) -> Settle | None:
    try:
        return None if said is None else read_settle(said)
    except ValueError as error:
        raise ConfigError(f"--haproxy-settle: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="registrator-haproxy",
        description="Keeps a local HAProxy in agreement with service registries.",
    )
    parser.add_argument(
        "config", type=Path, nargs="?", help="the configuration: YAML or JSON"
    )
    _add_auto(parser)
    parser.add_argument(
        "--check-config", action="store_true", help="say whether it is right, and exit"
    )
    parser.add_argument("--node-name", default="", help="this host's name")
    parser.add_argument("--zone", default="", help="where this host is: eu-west-1/a")
    parser.add_argument(
        "--haproxy-settle",
        metavar="MIN:MAX",
        help="make changes after MIN quiet seconds, and at most MAX after the first",
    )
    parser.add_argument(
        "--state",
        default=state.AUTO,
        help="a directory for what is to outlive a restart; empty: none",
    )
    parser.add_argument(
        "--control",
        type=Path,
        help="the socket registrator-ctl talks to; control.sock in the runtime"
        " directory if not given",
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info"
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _add_auto(parser: argparse.ArgumentParser) -> None:
    """Add what is said of services that ask for their places themselves."""
    parser.add_argument(
        "--auto",
        metavar="URI",
        action="append",
        default=[],
        help="a registry whose services say themselves where HAProxy has them;"
        f" several with spaces between in ${FROM}",
    )
    parser.add_argument(
        "--auto-listen", default="80", help="where those with a host or path are"
    )
    parser.add_argument(
        "--auto-keep",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="for how long one that is gone keeps its place",
    )


if __name__ == "__main__":
    sys.exit(main())
