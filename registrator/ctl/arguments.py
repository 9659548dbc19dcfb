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
        description="Show what registrator on this host thinks, and why; take services"
        " out of use, and put them back.",
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
    explaining.add_argument(
        "container", help="a container's name or id, or services:NAME or nerve:NAME"
    )
    commands.add_parser(
        "status", parents=[daemon], help="the engine, each registry, lag and retries"
    )
    _add_orders(commands, daemon)
    _add_dns(commands, daemon)
    _add_haproxy(commands, daemon)
    chosen = parser.parse_args()
    if said := _mistake(chosen):
        parser.error(said)
    return chosen


def _mistake(chosen: argparse.Namespace) -> str:
    """Say what does not go together; "" where all does."""
    if chosen.command == "list" and chosen.registry is not None and chosen.socket:
        return "--from asks no daemon: --socket makes no sense beside it"
    if chosen.command == "haproxy" and chosen.config and chosen.what == "show":
        return "--config: say what to do with it: plan, diff or render"
    if chosen.command == "drain" and chosen.wait and chosen.undo:
        return "--wait and --undo: give one of the two"
    return _misplaced(chosen) if chosen.command == "maintenance" else ""


def _misplaced(chosen: argparse.Namespace) -> str:
    """Say what is wrong with the target of a maintenance; "" where nothing is."""
    named = sum(map(bool, (chosen.service, chosen.container, chosen.host)))
    if not chosen.switch:
        return "--reason: say `maintenance on`" if chosen.reason else _beside(named)
    if named != 1:
        return (
            f"maintenance {chosen.switch}: name one target: SERVICE,"
            " --container CONTAINER or --host"
        )
    if chosen.reason and chosen.switch == "off":
        return "--reason: only what is put into maintenance has one"
    return ""


def _beside(named: int) -> str:
    return "a target: say `maintenance on` or `maintenance off`" if named else ""


def _add_orders(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    daemon: argparse.ArgumentParser,
) -> None:
    """Add what takes services out of use, and puts them back."""
    maintaining = commands.add_parser(
        "maintenance",
        parents=[daemon],
        help="put a service, a container or the host into maintenance; or list what is",
        description="Without a word: list what is out of use by order. What is put into"
        " maintenance stays so until it is taken out, also over restarts of the daemon;"
        " a container at most for as long as it exists.",
    )
    maintaining.add_argument("switch", nargs="?", choices=("on", "off"))
    maintaining.add_argument("service", nargs="?", default="", help="a service's name")
    maintaining.add_argument("--container", metavar="CONTAINER", help="its name or id")
    maintaining.add_argument(
        "--host", action="store_true", help="everything on this host"
    )
    maintaining.add_argument("--reason", metavar="TEXT", default="", help="why")
    draining = commands.add_parser(
        "drain",
        parents=[daemon],
        help="take a container out of every registry while it serves on",
        description="The drain ends with --undo, or when the container is started"
        " anew. Exit code 1 with --wait: it was not over by the deadline.",
    )
    draining.add_argument(
        "container", help="a container's name or id, or services:NAME or nerve:NAME"
    )
    draining.add_argument(
        "--wait",
        action="store_true",
        help="return when no registry has it any more, and its SERVICE_DRAIN is over",
    )
    draining.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=_seconds,
        default=60.0,
        help="how long to wait at most, beside the SERVICE_DRAIN; 60 if not given",
    )
    draining.add_argument(
        "--undo", action="store_true", help="register it again: it is drained no more"
    )


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 86400:
        raise argparse.ArgumentTypeError(f"not from 0 to 86400: {text}")
    return number


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
