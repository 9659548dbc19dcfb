"""Reads a service's `discovery` of synapse: where its instances are found. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

Note = Callable[[str], None]
"""Takes a sentence about something that cannot be honoured."""

_FILTERS: Final = {"label_filters", "label_filter"}
_TASKS: Final = "/v2/apps/%{app}/tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where one watcher of synapse looks."""

    sources: tuple[str, ...] = ()
    """Empty: nowhere."""
    name: str = ""
    """What the service is called there, where the source does not say."""


_Read = Callable[[str, Mapping[str, Any], Note], _Place]


def discovered(
    where: str, discovery: Mapping[str, Any], note: Note
) -> Iterator[tuple[str, Any]]:
    """Say where a service's instances are found, in our words: from, name, filters."""
    where = f"{where}.discovery"
    if discovery.get("method") == "multi":
        yield from _several(where, discovery, note)
        return
    yield "filters", _filters(discovery)
    place = _place(where, discovery, note)
    if place.sources:
        yield "from", place.sources[0] if len(place.sources) == 1 else [*place.sources]
    if place.name:
        yield "name", place.name


def table(value: Any) -> Mapping[str, Any]:
    """Read a table; what is none is an empty one."""
    return value if isinstance(value, dict) else {}


def _several(
    where: str, discovery: Mapping[str, Any], note: Note
) -> Iterator[tuple[str, Any]]:
    """Read the watchers of `multi`, and how their resolver puts them together."""
    _unknown(where, discovery, {"watchers", "resolver"}, note)
    watchers = {
        str(name): table(each)
        for name, each in table(discovery.get("watchers")).items()
    }
    order, choose = _resolved(where, discovery, list(watchers), note)
    sources: list[str] = []
    called = ""
    for name in order:
        place = _place(f"{where}.watchers.{name}", watchers[name], note)
        if place.name and called not in {"", place.name}:
            note(
                f"{where}.watchers.{name}: a service has one name in all of its"
                f" registries, here {called} already: it is left out"
            )
        elif place.sources:
            sources += place.sources
            called = called or place.name
    yield "from", sources
    yield "choose", choose
    if called:
        yield "name", called
    yield "filters", _filters_of_all(where, {n: watchers[n] for n in order}, note)


def _resolved(
    where: str, discovery: Mapping[str, Any], names: list[str], note: Note
) -> tuple[list[str], str]:
    """Say which watchers count, in which order, and which of them together."""
    resolver = table(discovery.get("resolver"))
    method = resolver.get("method", "base")
    where = f"{where}.resolver"
    known = {"method", "sequential_order"} if method == "sequential" else {"method"}
    for key in sorted(resolver.keys() - known):
        note(f"{where}.{key}: is not known here")
    if method == "sequential":
        order = [str(each) for each in resolver.get("sequential_order", ())]
        for each in sorted({*order} ^ {*names}):
            note(
                f"{where}.sequential_order: {each} is not on both sides: it is not used"
            )
        return [each for each in order if each in names], "first"
    if method == "union":
        return names, "together"
    if method == "base":
        note(f"{where}.method: base shows nothing there: all watchers serve together")
        return names, "together"
    note(
        f"{where}.method: {method} is not known here: the first watcher in their order"
        " that has any instances serves"
    )
    return names, "first"


def _filters_of_all(
    where: str, watchers: Mapping[str, Mapping[str, Any]], note: Note
) -> list[Any]:
    """Take the filters that all have; of others nothing can be said for a service."""
    each = {name: _filters(watcher) for name, watcher in watchers.items()}
    first = next(iter(each.values()), [])
    if all(filters == first for filters in each.values()):
        return first
    for name, filters in each.items():
        if filters:
            note(
                f"{where}.watchers.{name}: label filters are the whole service's here,"
                " and these not every watcher's: they are left out"
            )
    return []


def _filters(discovery: Mapping[str, Any]) -> list[Any]:
    filters = [*discovery.get("label_filters", ())]
    if "label_filter" in discovery:
        filters.append(discovery["label_filter"])
    return filters


def _place(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    method = discovery.get("method", "base")
    if method in {"base", "stub"}:
        _unknown(where, discovery, set(), note)
        return _Place()
    read = _METHODS.get(method)
    if read is None:
        note(f"{where}.method: {method} is not known here: no servers")
        return _Place()
    return read(where, discovery, note)


def _zookeeper(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    _unknown(where, discovery, {"hosts", "path", "decode"}, note)
    *base, name = str(discovery.get("path", "")).strip("/").split("/")
    decode = table(discovery.get("decode")).get("method", "nerve")
    place = "/".join((",".join(map(str, discovery.get("hosts", ()))), *base))
    return _Place(sources=(f"zookeeper://{place}?format={decode}",), name=name)


def _marathon(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    asked = {"marathon_api_url", "marathon_api_path", "application_name"}
    _unknown(where, discovery, {*asked, "port_index", "check_interval"}, note)
    path = str(discovery.get("marathon_api_path", _TASKS))
    if not path.endswith(_TASKS):
        note(f"{where}.marathon_api_path: does not end in {_TASKS}: that is asked for")
        path = _TASKS
    place = _address(str(discovery.get("marathon_api_url", "")))
    if not place:
        note(f"{where}.marathon_api_url: is not http(s)://host:port: no servers")
        return _Place()
    options = {
        "app": discovery.get("application_name", ""),
        "port-index": discovery.get("port_index", 0),
        "poll": discovery.get("check_interval", 10),
    }
    root = path.removesuffix(_TASKS).strip("/")
    return _Place(sources=(f"{place}{f'/{root}' if root else ''}?{_query(options)}",))


def _address(url: str) -> str:
    """Say in our words where an API is; the ports of HTTP are not Marathon's."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    schemes = {"http": ("marathon", 80), "https": ("marathon-tls", 443)}
    if parts.scheme not in schemes or not parts.hostname:
        return ""
    scheme, usual = schemes[parts.scheme]
    place = parts.netloc if port else f"{parts.netloc.rstrip(':')}:{usual}"
    return f"{scheme}://{place}"


def _ec2tag(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    secrets = {"aws_access_key_id", "aws_secret_access_key"}
    known = {"tag_name", "tag_value", "aws_region", "check_interval", *secrets}
    _unknown(where, discovery, known, note)
    for key in sorted(secrets & discovery.keys()):
        note(f"{where}.{key}: is read from the variable {key.upper()}, not from here")
    if not discovery.get("aws_region"):
        note(f"{where}.aws_region: must be said here: no servers")
        return _Place()
    options = {
        "value": discovery.get("tag_value", ""),
        "poll": discovery.get("check_interval", 15),
    }
    tag = quote(str(discovery.get("tag_name", "")), safe="")
    return _Place(sources=(f"ec2://{discovery['aws_region']}/{tag}?{_query(options)}",))


def _docker(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    # Events tell more than any interval.
    known = {"servers", "image_name", "container_port", "check_interval"}
    _unknown(where, discovery, known, note)
    options = {
        "image": discovery.get("image_name", ""),
        "port": discovery.get("container_port", ""),
    }
    return _Place(
        sources=tuple(
            f"docker://{_host(server['host'])}:{server.get('port', 4243)}"
            f"?{_query(options)}"
            for server in _servers(where, discovery, {"name", "host", "port"}, note)
        )
    )


def _dns(where: str, discovery: Mapping[str, Any], note: Note) -> _Place:
    _unknown(where, discovery, {"servers", "nameserver", "check_interval"}, note)
    asked = discovery.get("nameserver") or []
    asked = asked if isinstance(asked, list) else [asked]
    place = ",".join(_host(each) for each in asked)
    most = discovery.get("check_interval", 30)
    known = {"name", "host", "port", "labels"}
    return _Place(
        sources=tuple(
            f"dns-a://{place}?"
            + _query(
                {
                    "name": server["host"],
                    **({"port": server["port"]} if "port" in server else {}),
                    "max": most,
                    **{f"label.{k}": v for k, v in table(server.get("labels")).items()},
                }
            )
            for server in _servers(where, discovery, known, note)
        )
    )


def _servers(
    where: str, discovery: Mapping[str, Any], known: set[str], note: Note
) -> Iterator[Mapping[str, Any]]:
    for index, each in enumerate(discovery.get("servers") or ()):
        server = table(each)
        place = f"{where}.servers.{index}"
        if not server.get("host"):
            note(f"{place}.host: must be said: it is left out")
            continue
        for key in sorted(server.keys() - known):
            note(f"{place}.{key}: is not known here")
        yield server


def _host(said: Any) -> str:
    text = str(said)
    return f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text


def _query(options: Mapping[str, Any]) -> str:
    return urlencode({name: str(each) for name, each in options.items()})


def _unknown(
    where: str, discovery: Mapping[str, Any], known: set[str], note: Note
) -> None:
    for key in sorted(discovery.keys() - known - _FILTERS - {"method"}):
        note(f"{where}.{key}: is not known here")


_METHODS: Final[Mapping[str, _Read]] = MappingProxyType(
    {
        "zookeeper": _zookeeper,
        "zookeeper_poll": _zookeeper,
        "marathon": _marathon,
        "ec2tag": _ec2tag,
        "docker": _docker,
        "dns": _dns,
    }
)
"""How each `method` is read: a row for one more."""
