"""What may be said to registrator-ctl."""

import argparse
from typing import Final

from registrator.version import __version__

_EPILOG: Final = (
    "exit codes: 0 yes; 1 no: nothing found, or not all is well; 2 the command line"
    " is wrong; 3 no daemon answers, or the registry does not"
)


def parse() -> argparse.Namespace:
    """Read the command line; one that is wrong ends the program with code 2."""
    parser = argparse.ArgumentParser(
        prog="registrator-ctl",
        description="Show what registrator on this host thinks, and why.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--version", action="version", version=f"registrator-ctl {__version__}"
    )
    form = argparse.ArgumentParser(add_help=False)
    form.add_argument(
        "-o", "--output", choices=("table", "json"), default="table", help="the form"
    )
    daemon = argparse.ArgumentParser(add_help=False, parents=[form])
    daemon.add_argument(
        "--socket", metavar="FILE", help="the daemon's control socket (-control)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_reading(commands, form, daemon)
    explaining = commands.add_parser(
        "explain",
        parents=[daemon],
        help="why each port of a container is or is not registered",
    )
    explaining.add_argument("container", help="a container's name or id")
    commands.add_parser(
        "status", parents=[daemon], help="the engine, each registry, lag and retries"
    )
    _add_dns(commands, daemon)
    _add_haproxy(commands, daemon)
    chosen = parser.parse_args()
    if chosen.command == "list" and chosen.registry is not None and chosen.socket:
        parser.error("--from asks no daemon: --socket makes no sense beside it")
    if chosen.command == "haproxy" and chosen.config and chosen.what == "show":
        parser.error("--config: say what to do with it: plan, diff or render")
    return chosen


def _add_dns(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    daemon: argparse.ArgumentParser,
) -> None:
    """Add what the DNS responder can be asked."""
    asking = commands.add_parser(
        "dns",
        parents=[daemon],
        help="what the DNS responder answers to a question, and why; or how it stands",
    )
    asking.add_argument(
        "name", nargs="?", default="", help="for example web.service.consul"
    )
    asking.add_argument("type", nargs="?", default="ANY", help="A, SRV, TXT, ...")


def _add_haproxy(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    daemon: argparse.ArgumentParser,
) -> None:
    """Add what the HAProxy side can be asked."""
    looking = commands.add_parser(
        "haproxy",
        parents=[daemon],
        help="the servers that HAProxy has, and what was done and why",
        description="show: what HAProxy has, and what was done and why. plan: what"
        " would be done now; exit code 1 if that is anything. diff: how its file"
        " would differ, likewise. render: the file as it would be.",
    )
    looking.add_argument(
        "what", nargs="?", default="show", choices=("show", "plan", "diff", "render")
    )
    looking.add_argument(
        "--config",
        metavar="FILE",
        help="plan, diff or render with this configuration, which is not in use yet",
    )


def _add_reading(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    form: argparse.ArgumentParser,
    daemon: argparse.ArgumentParser,
) -> None:
    """Add what a registry can be asked as well."""
    listing = commands.add_parser(
        "list",
        parents=[daemon],
        help="the services of this host, and who has them; or what a registry holds",
    )
    watching = commands.add_parser(
        "watch", parents=[form], help="what a registry holds, and then each change"
    )
    for command in (listing, watching):
        command.add_argument("service", nargs="?", default="", help="only this one")
        command.add_argument(
            "--from",
            dest="registry",
            metavar="URI",
            required=command is watching,
            help="read this registry directly; its options are as for the daemon",
        )
