"""The command line of registrator-ctl.

Exit codes: 0 yes; 1 no (nothing found, or not all is well); 2 the command line is
wrong, or a configuration that it names; 3 no daemon answers, or the registry that was
named does not.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path

from registrator import control_socket
from registrator.ctl import arguments, orders
from registrator.ctl.client import Client, NoDaemon, NotKnown
from registrator.dns_views import DnsAnswerView
from registrator.errors import BackendError, ConfigError, Unwritten
from registrator.output import written
from registrator.visible import visible

_NO_RESPONDER = "no dns responder runs here: give a dns:// URI, or -dns"


def main() -> int:
    """Run one command, and return its exit code."""
    chosen = arguments.parse()
    for stream in (sys.stdout, sys.stderr):  # names may not fit a terminal's encoding
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(chosen)
    except ConfigError as error:
        return _complain(2, *error.problems)
    except (NoDaemon, BackendError) as error:
        return _complain(3, str(error))
    except NotKnown as error:
        return _complain(1, str(error))
    except Unwritten as error:
        return 1 if error.unread else _complain(1, str(error))
    except KeyboardInterrupt:  # the only way to end a watch
        return 0 if chosen.command == "watch" else 130


def _complain(code: int, *problems: str) -> int:
    for problem in problems:
        print(f"registrator-ctl: {visible(problem)}", file=sys.stderr)
    return code


def _run(chosen: argparse.Namespace) -> int:
    as_json = chosen.output == "json"
    if chosen.command == "watch":
        from registrator.ctl import direct  # noqa: PLC0415  takes 0.3 s to import

        direct.follow(chosen.registry, chosen.service, os.environ, as_json=as_json)
        return 0
    if chosen.command == "list" and chosen.registry is not None:
        return _list_registry(chosen.registry, chosen.service, as_json=as_json)
    with written():
        return _ask(chosen, Client(_sockets(chosen)), as_json=as_json)


def _sockets(chosen: argparse.Namespace) -> tuple[Path, ...]:
    if chosen.socket:
        return (Path(chosen.socket),)
    if chosen.command == "haproxy":
        return control_socket.haproxy_candidates(os.environ)
    return control_socket.candidates(os.environ)


def _ask(chosen: argparse.Namespace, client: Client, *, as_json: bool) -> int:
    if chosen.command == "list":
        return _list(client, chosen.service, as_json=as_json)
    if chosen.command == "explain":
        return _explain(client, chosen.container, as_json=as_json)
    if chosen.command == "dns":
        return _dns(client, chosen.name, chosen.type, as_json=as_json)
    if chosen.command == "haproxy":
        from registrator.ctl import haproxy  # noqa: PLC0415  for this command only

        config = Path(chosen.config) if chosen.config else None
        return haproxy.run(client, chosen.what, config, as_json=as_json)
    if chosen.command in {"maintenance", "drain"}:
        return orders.run(client, chosen, as_json=as_json)
    return _status(client, as_json=as_json)


def _list_registry(uri: str, name: str, *, as_json: bool) -> int:
    from registrator.ctl import direct  # noqa: PLC0415  takes 0.3 s to import

    found, skipped = direct.read(uri, name, os.environ)
    if skipped:
        _complain(0, f"entries in no format known here, and left out: {skipped}")
    if as_json:
        with written():
            print(json.dumps(found, indent=2))
    elif not found:
        _complain(0, _nothing(name))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        with written():
            tables.instances(found)
    return 0 if found or not name else 1


def _list(client: Client, name: str, *, as_json: bool) -> int:
    found = client.services(name)
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        _complain(0, _nothing(name))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.services(found)
    return 0 if found or not name else 1


def _nothing(name: str) -> str:
    return f"no service {f'called {name} ' if name else ''}is registered"


def _explain(client: Client, container: str, *, as_json: bool) -> int:
    found = client.explain(container)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.container(found)
    return 0 if any(port["registered"] for port in found["ports"]) else 1


def _dns(client: Client, name: str, kind: str, *, as_json: bool) -> int:
    if name:
        return _look_up(client.look_up(name, kind), as_json=as_json)
    found = client.responders()
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        _complain(0, _NO_RESPONDER)
    else:
        from registrator.ctl import dns_tables  # noqa: PLC0415  rich takes 0.1 s

        for each in found:
            dns_tables.responder(each)
    return 0 if found else 1


def _look_up(found: list[DnsAnswerView], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        _complain(0, _NO_RESPONDER)
    else:
        from registrator.ctl import dns_tables  # noqa: PLC0415  rich takes 0.1 s

        for each in found:
            dns_tables.answer(each)
    return 0 if any(each["records"] for each in found) else 1


def _status(client: Client, *, as_json: bool) -> int:
    found = client.status()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        from registrator.ctl import tables  # noqa: PLC0415  rich takes 0.1 s to import

        tables.status(found)
    return 0 if found["well"] else 1
