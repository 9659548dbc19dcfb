"""The command line of registrator-ctl.

Exit codes: 0 yes; 1 no (nothing found, or not all is well); 2 the command line is
wrong; 3 no daemon answers.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path
from typing import Final

from registrator import control_socket
from registrator.ctl.client import Client, NoDaemon, NotKnown
from registrator.version import __version__
from registrator.visible import visible

_EPILOG: Final = (
    "exit codes: 0 yes; 1 no: nothing found, or not all is well; 2 the command line"
    " is wrong; 3 no daemon answers"
)


def main() -> int:
    """Run one command, and return its exit code."""
    chosen = _parser().parse_args()
    for stream in (sys.stdout, sys.stderr):  # names may not fit a terminal's encoding
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sockets = (
        (Path(chosen.socket),)
        if chosen.socket
        else control_socket.candidates(os.environ)
    )
    try:
        code = _run(chosen, Client(sockets))
        sys.stdout.flush()
    except NoDaemon as error:
        print(f"registrator-ctl: {visible(str(error))}", file=sys.stderr)
        return 3
    except NotKnown as error:
        print(f"registrator-ctl: {visible(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(chosen: argparse.Namespace, client: Client) -> int:
    as_json = chosen.output == "json"
    if chosen.command == "list":
        return _list(client, chosen.service, as_json=as_json)
    if chosen.command == "explain":
        return _explain(client, chosen.container, as_json=as_json)
    return _status(client, as_json=as_json)


def _list(client: Client, name: str, *, as_json: bool) -> int:
    found = client.services(name)
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        what = f"called {name} " if name else ""
        print(f"registrator-ctl: no service {what}is registered", file=sys.stderr)
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.services(found)
    return 0 if found or not name else 1


def _explain(client: Client, container: str, *, as_json: bool) -> int:
    found = client.explain(container)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.container(found)
    return 0 if any(port["registered"] for port in found["ports"]) else 1


def _status(client: Client, *, as_json: bool) -> int:
    found = client.status()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.status(found)
    return 0 if found["well"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="registrator-ctl",
        description="Show what registrator on this host thinks, and why.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--version", action="version", version=f"registrator-ctl {__version__}"
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--socket", metavar="FILE", help="the daemon's control socket (-control)"
    )
    shared.add_argument(
        "-o", "--output", choices=("table", "json"), default="table", help="the form"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser(
        "list", parents=[shared], help="the services of this host, and who has them"
    )
    listing.add_argument("service", nargs="?", default="", help="only this one")
    explaining = commands.add_parser(
        "explain",
        parents=[shared],
        help="why each port of a container is or is not registered",
    )
    explaining.add_argument("container", help="a container's name or id")
    commands.add_parser(
        "status", parents=[shared], help="the engine, each registry, lag and retries"
    )
    return parser
