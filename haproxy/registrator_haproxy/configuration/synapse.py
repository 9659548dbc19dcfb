"""Reads synapse's own configuration as it is: what HAProxy is to be stays the same.

Source: synapse's README and lib/synapse, as of 2020-11. What cannot be honoured is
named, with its place, and never dropped in silence. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from registrator_haproxy.configuration.discovery import Note, discovered, table
from registrator_haproxy.configuration.keywords import split

_ORDERS: Final = {"asc": "name", "desc": "name-descending", "no_shuffle": "registry"}
_DONE_ELSEWHERE: Final = {
    "do_writes": "the file is always written",
    "do_reloads": "a reload is made where one is needed",
    "do_socket": "the runtime socket is always used",
    "do_checks": "every file is checked before it is used",
    "check_command": "haproxy -c is run",
    "candidate_config_file_path": "the candidate stands beside the file",
    "config_file_path": "the file is haproxy.cfg in /run/registrator-haproxy",
    "socket_file_path": "the sockets are in /run/registrator-haproxy",
    "reload_command": "HAProxy is started here, and reloaded by its master socket",
    "restart_interval": "changes are gathered, and most need no reload",
    "restart_jitter": "changes are gathered, and most need no reload",
    "state_file_path": "what is known is kept in the state directory",
    "state_file_ttl": "what is known is kept in the state directory",
}
_READ: Final = {
    *("global", "defaults", "extra_sections", "bind_address", "max_server_id"),
    *("server_order_seed", "use_nerve_weights"),
}
_READ_OF_SERVICE: Final = {
    *("port", "bind_address", "bind_options", "server_options", "server_port_override"),
    *("frontend", "backend", "listen", "backend_name", "backend_order", "disabled"),
    *("shared_frontend", "cookie_value_method", "use_nerve_weights"),
}
_KNOWN_OF_SERVICE: Final = {
    *("discovery", "haproxy", "file_output", "default_servers"),
    *("keep_default_servers", "backend_port_override", "use_previous_backends"),
}


def is_synapse(said: object) -> bool:
    """Whether a file is synapse's: its services have a discovery of their own."""
    services = said.get("services") if isinstance(said, dict) else None
    return isinstance(services, dict) and any(
        isinstance(each, dict) and isinstance(each.get("discovery"), dict)
        for each in services.values()
    )


def translate(said: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """Say the same in our words, for `Configuration` to judge."""
    haproxy = table(said.get("haproxy"))
    for key in sorted(haproxy.keys() - _READ - {"shared_frontend"}):
        note(f"haproxy.{key}: {_DONE_ELSEWHERE.get(key, 'is not known here')}")
    for key in sorted(said.keys() - {"services", "haproxy", "file_output"}):
        note(f"{key}: is not known here")
    services = table(said["services"])
    told = tuple(_told(services)) if "file_output" in said else ()
    kept = {
        name: service if _is_served(service) else _told_only(service)
        for name, service in services.items()
        if _is_served(service) or name in told
    }
    sections = table(haproxy.get("extra_sections"))
    extra = dict(_section(str(title), lines) for title, lines in sections.items())
    shared = [*haproxy.get("shared_frontend", ())]
    for service in kept.values():
        shared += table(table(service).get("haproxy")).get("shared_frontend", ())
    if shared:
        extra["frontend shared-frontend"] = shared
    return {
        **{key: haproxy[key] for key in ("global", "defaults") if key in haproxy},
        **(
            {"seed": str(haproxy["server_order_seed"])}
            if "server_order_seed" in haproxy
            else {}
        ),
        **(
            {"max-server-id": _number(haproxy["max_server_id"])}
            if "max_server_id" in haproxy
            else {}
        ),
        "extra": extra,
        "outputs": list(_outputs(said, told, note)),
        "services": {
            str(name): dict(_service(str(name), service, haproxy, note))
            for name, service in kept.items()
        },
    }


def _section(title: str, lines: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Put the address that synapse's README has in a title where HAProxy wants it."""
    words = title.split(maxsplit=2)
    if len(words) < 3 or words[0] not in {"listen", "frontend"}:
        return title, lines
    return " ".join(words[:2]), [f"bind {words[2]}", *lines]


def _is_served(service: Any) -> bool:
    return not table(table(service).get("haproxy")).get("disabled")


def _told(services: Mapping[str, Any]) -> Iterator[str]:
    """Name the services that have files."""
    for name, service in services.items():
        if not table(table(service).get("file_output")).get("disabled"):
            yield name


def _told_only(service: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a service that HAProxy does not have what its file takes."""
    haproxy = table(service.get("haproxy"))
    port = {key: haproxy[key] for key in ("server_port_override",) if key in haproxy}
    return {**service, "haproxy": port}


def _outputs(
    said: Mapping[str, Any], told: Sequence[str], note: Note
) -> Iterator[dict[str, Any]]:
    files = table(said.get("file_output"))
    for key in files.keys() - {"output_directory"}:
        note(f"file_output.{key}: is not known here")
    if told:
        yield {
            "directory": files.get("output_directory"),
            "format": "synapse-json",
            "services": [str(name) for name in told],
        }


def _service(
    name: str, service: Mapping[str, Any], top: Mapping[str, Any], note: Note
) -> Iterator[tuple[str, Any]]:
    haproxy = table(service.get("haproxy"))
    where = f"services.{name}"
    for key in haproxy.keys() - _READ_OF_SERVICE:
        note(f"{where}.haproxy.{key}: is not known here")
    for key in service.keys() - _KNOWN_OF_SERVICE:
        note(f"{where}.{key}: is not known here")
    for key in table(service.get("file_output")).keys() - {"disabled"}:
        note(f"{where}.file_output.{key}: is not known here")
    front, back = split(map(str, haproxy.get("listen", ())))
    yield from discovered(where, table(service.get("discovery")), note)
    # synapse leaves both to the lines.
    yield from (("mode", None), ("balance", None))
    yield "ids", True
    yield "server", haproxy.get("server_options", "")
    yield "frontend", [*haproxy.get("frontend", ()), *front]
    yield "backend", [*haproxy.get("backend", ()), *back]
    yield (
        "weights",
        bool(haproxy.get("use_nerve_weights", top.get("use_nerve_weights"))),
    )
    yield "order", _ORDERS.get(haproxy.get("backend_order", ""), "host")
    if "mode tcp" not in (*back, *haproxy.get("backend", ())):
        yield "cookies", haproxy.get("cookie_value_method", "name")
    if "port" in haproxy:
        yield "listen", _listen(haproxy, top)
    for key, ours in (
        ("backend_name", "backend-name"),
        ("bind_options", "bind-options"),
    ):
        if key in haproxy:
            yield ours, haproxy[key]
    port = service.get("backend_port_override", haproxy.get("server_port_override"))
    if port is not None:
        yield "port", _number(port)
    yield "keep-servers", service.get("keep_default_servers", False)
    yield "servers", [_fixed(each) for each in service.get("default_servers", ())]
    if service.get("use_previous_backends", True) is False:
        # The shortest time that is none: an empty answer is believed at once.
        yield "keep", 0.001


def _listen(haproxy: Mapping[str, Any], top: Mapping[str, Any]) -> Any:
    address = haproxy.get("bind_address", top.get("bind_address", "localhost"))
    port = haproxy["port"]
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


def _fixed(server: Mapping[str, Any]) -> dict[str, Any]:
    found = {"host": server.get("host"), "port": _number(server.get("port"))}
    if server.get("name"):
        found["name"] = server["name"]
    return found


def _number(said: Any) -> Any:
    """Read a number that may be written as text; what is none stays for the judge."""
    return int(said) if isinstance(said, str) and said.isdecimal() else said
