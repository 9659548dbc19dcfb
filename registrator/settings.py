"""Every setting there is: one table for flags, environment, files, help and docs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeVar, cast

from registrator.kinds import (
    ADDRESS,
    BOOLEAN,
    DIRECTORY,
    NAME,
    PATH,
    SECONDS,
    SHARE,
    TEXT,
    WORDS,
    Kind,
    choice,
    whole,
)

T = TypeVar("T")

_OPTION: Final = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting as its users see it."""

    attribute: str
    flag: str
    """Without dashes; in a configuration file the same name is the key."""
    variable: str
    """The environment's name for it; "" for what only a command line can mean."""
    kind: Kind[object]
    default: object
    help: str
    in_file: bool


def _option(
    kind: Kind[T],
    default: T,
    about: str,
    *,
    flag: str = "",
    where: Literal["anywhere", "not in a file", "command line"] = "anywhere",
) -> T:
    option = {"kind": kind, "help": about, "flag": flag, "where": where}
    return field(default=default, metadata={_OPTION: option})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator wants, validated value by value; see `config.load`."""

    registries: tuple[str, ...] = _option(
        WORDS,
        ("dns://127.0.0.1:8600",),
        "registry URIs to write to, several at once; they stand before or after the"
        " flags. Without any: the embedded DNS responder",
    )
    ip: str = _option(
        ADDRESS, "", "register published ports on this address instead of the host's"
    )
    internal: bool = _option(
        BOOLEAN, False, "register exposed ports on the containers' own addresses"
    )
    explicit: bool = _option(
        BOOLEAN, False, "register only ports that were given a SERVICE_NAME"
    )
    use_ip_from_label: str = _option(
        TEXT,
        "",
        "take the address from this label; what follows a slash is cut off",
        flag="useIpFromLabel",
    )
    network: str = _option(
        TEXT, "", "the network whose address counts where a container has several"
    )
    tags: str = _option(
        TEXT,
        "",
        "tags for every service, comma separated; a Go or jinja2 template,"
        " for example {{.Config.Image}}",
    )
    node_name: str = _option(
        NAME,
        "",
        "this host's name in record ids and the mark of what it owns; the engine's"
        " own host name if not given",
    )
    ttl: float = _option(
        SECONDS, 60.0, "records of a dead host expire after this time; 0: never"
    )
    ttl_refresh: float = _option(
        SECONDS, 0.0, "how often records are kept alive; 0: a third of -ttl"
    )
    resync: float = _option(
        SECONDS, 60.0, "compare everything this often, and mend what differs; 0: never"
    )
    deregister: str = _option(
        choice("always", "on-success", "never"),
        "always",
        "when the records of an ended container go: always, only if it exited with 0"
        " or by a signal, or never",
    )
    on_exit: str = _option(
        choice("keep", "deregister"),
        "keep",
        "what happens to the records when the daemon itself stops",
    )
    cleanup: bool = _option(
        BOOLEAN,
        False,
        "adopt or remove records that gliderlabs/registrator left for this host",
    )
    max_removals: float = _option(
        SHARE,
        0.5,
        "a full round that would remove more than this share of the records lists"
        " everything a second time first",
    )
    retry_attempts: int = _option(
        whole(-1),
        -1,
        "tries, after the first, to reach a registry at start before giving up;"
        " -1: endless",
    )
    retry_interval: int = _option(
        whole(1, "milliseconds"), 2000, "milliseconds between these tries"
    )
    docker_host: str = _option(
        TEXT,
        "",
        "where the container engine is, as in DOCKER_HOST, which counts if this is"
        " not given",
    )
    dns: bool = _option(
        BOOLEAN,
        False,
        "answer DNS queries, on 127.0.0.1:8600, for all that the registries hold",
    )
    dns_only: str = _option(
        choice("passing", "warning"),
        "passing",
        "the worst status of what is shown in DNS; for every dns:// that says nothing"
        " else, as are the others of this kind",
    )
    dns_max_stale: float = _option(
        SECONDS,
        3600.0,
        "how long DNS answers go on from what is known of a registry that is away, or"
        " without a daemon that was killed; 0: for ever",
    )
    dns_linger: float = _option(
        SECONDS,
        0.0,
        "how long DNS answers go on after the daemon was stopped, for the next one to"
        " take over",
    )
    dns_upstream: str = _option(
        TEXT,
        "",
        "where other names are asked for, address:port,... or resolv.conf; empty: they"
        " are refused",
    )
    dns_allow: str = _option(
        TEXT,
        "",
        "the networks that may ask for other names; loopback and private ones if not"
        " given",
    )
    haproxy: str = _option(
        PATH,
        "",
        "keep a local HAProxy in agreement with registries, as this configuration says:"
        " docs/haproxy/. It is read anew on SIGHUP and when it changes",
    )
    haproxy_auto: bool = _option(
        BOOLEAN,
        False,
        "have services in a local HAProxy as their SERVICE_HAPROXY_PORT, _HOST, _PATH"
        " and _MODE say, those of the registries, or else of the engine",
    )
    haproxy_auto_listen: str = _option(
        TEXT,
        "",
        "where those with a host or a path are: a port, or an address and a port; 80 if"
        " not given",
    )
    haproxy_settle: str = _option(
        TEXT,
        "",
        "MIN:MAX seconds: changes of HAProxy are made after MIN quiet ones, and at most"
        " MAX after the first; at once if not given",
    )
    haproxy_zone: str = _option(
        TEXT,
        "",
        "where this host is, such as eu-west-1/a: servers that are near come first",
    )
    control: str = _option(
        PATH,
        "",
        "the socket registrator-ctl talks to; in $XDG_RUNTIME_DIR or /run/registrator"
        " if not given",
    )
    state: str = _option(
        DIRECTORY,
        "auto",
        "what must outlive the daemon is kept here; empty: nothing is. auto:"
        " $STATE_DIRECTORY, else /var/lib/registrator for root, else registrator in"
        " $XDG_STATE_HOME or ~/.local/state",
    )
    config: str = _option(
        PATH, "", "read settings from this file, YAML or TOML", where="not in a file"
    )
    check_config: bool = _option(
        BOOLEAN,
        False,
        "say whether all settings are right, and exit",
        where="command line",
    )
    once: bool = _option(
        BOOLEAN, False, "bring every registry that lasts into agreement once, and exit"
    )
    dry_run: bool = _option(
        BOOLEAN, False, "print what would be written and removed, and exit"
    )
    log_format: str = _option(choice("text", "json"), "text", "how log lines look")
    log_level: str = _option(
        choice("debug", "info", "warning", "error"), "info", "the least to be logged"
    )
    version: bool = _option(
        BOOLEAN, False, "print the version, and exit", where="command line"
    )


def options() -> Iterator[Option]:
    """Yield every setting, in the order of the help text."""
    for each in fields(Settings):
        about = each.metadata[_OPTION]
        alone = about["where"] == "command line"
        yield Option(
            attribute=each.name,
            flag=about["flag"] or each.name.replace("_", "-"),
            variable="" if alone else f"REGISTRATOR_{each.name.upper()}",
            kind=cast("Kind[object]", about["kind"]),
            default=each.default,
            help=about["help"],
            in_file=about["where"] == "anywhere",
        )


def problems(settings: Settings) -> Iterator[str]:
    """Yield what does not fit together in settings that are right one by one."""
    if settings.ttl and settings.ttl_refresh >= settings.ttl:
        yield (
            f"-ttl-refresh: {settings.ttl_refresh:g} s is not less than the -ttl of"
            f" {settings.ttl:g} s: records would expire between two refreshes"
        )
    if settings.once and settings.dry_run:
        yield "-once and -dry-run: give one of the two"
    if not settings.registries:
        yield "no registry URI is left: give one, or leave the setting out"
