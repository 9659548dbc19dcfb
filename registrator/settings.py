"""Every setting there is: one table for flags, environment, files, help and docs."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    choice,
    whole,
)
from registrator.option import Option, option, options_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator wants, validated value by value; see `config.load`."""

    registries: tuple[str, ...] = option(
        WORDS,
        ("dns://127.0.0.1:8600",),
        "registry URIs to write to, several at once; they stand before or after the"
        " flags. Without any: the embedded DNS responder",
    )
    ip: str = option(
        ADDRESS, "", "register published ports on this address instead of the host's"
    )
    internal: bool = option(
        BOOLEAN, False, "register exposed ports on the containers' own addresses"
    )
    explicit: bool = option(
        BOOLEAN, False, "register only ports that were given a SERVICE_NAME"
    )
    use_ip_from_label: str = option(
        TEXT,
        "",
        "take the address from this label; what follows a slash is cut off",
        flag="useIpFromLabel",
    )
    network: str = option(
        TEXT, "", "the network whose address counts where a container has several"
    )
    tags: str = option(
        TEXT,
        "",
        "tags for every service, comma separated; a Go or jinja2 template,"
        " for example {{.Config.Image}}",
    )
    node_name: str = option(
        NAME,
        "",
        "this host's name in record ids and the mark of what it owns; the engine's"
        " own host name if not given",
    )
    ttl: float = option(
        SECONDS, 60.0, "records of a dead host expire after this time; 0: never"
    )
    ttl_refresh: float = option(
        SECONDS, 0.0, "how often records are kept alive; 0: a third of -ttl"
    )
    resync: float = option(
        SECONDS, 60.0, "compare everything this often, and mend what differs; 0: never"
    )
    deregister: str = option(
        choice("always", "on-success", "never"),
        "always",
        "when the records of an ended container go: always, only if it exited with 0"
        " or by a signal, or never",
    )
    on_exit: str = option(
        choice("keep", "deregister"),
        "keep",
        "what happens to the records when the daemon itself stops",
    )
    cleanup: bool = option(
        BOOLEAN,
        False,
        "adopt or remove records that gliderlabs/registrator left for this host",
    )
    max_removals: float = option(
        SHARE,
        0.5,
        "a full round that would remove more than this share of the records lists"
        " everything a second time first",
    )
    retry_attempts: int = option(
        whole(-1),
        -1,
        "tries, after the first, to reach a registry at start before giving up;"
        " -1: endless",
    )
    retry_interval: int = option(
        whole(1, "milliseconds"), 2000, "milliseconds between these tries"
    )
    docker_host: str = option(
        TEXT,
        "",
        "where the container engine is, as in DOCKER_HOST, which counts if this is"
        " not given; none: there is no engine",
    )
    dns: bool = option(
        BOOLEAN,
        False,
        "answer DNS queries, on 127.0.0.1:8600, for all that the registries hold",
    )
    dns_only: str = option(
        choice("passing", "warning"),
        "passing",
        "the worst status of what is shown in DNS; for every dns:// that says nothing"
        " else, as are the others of this kind",
    )
    dns_max_stale: float = option(
        SECONDS,
        3600.0,
        "how long DNS answers go on from what is known of a registry that is away, or"
        " without a daemon that was killed; 0: for ever",
    )
    dns_linger: float = option(
        SECONDS,
        0.0,
        "how long DNS answers go on after the daemon was stopped, for the next one to"
        " take over",
    )
    dns_upstream: str = option(
        TEXT,
        "",
        "where other names are asked for, address:port,... or resolv.conf; empty: they"
        " are refused",
    )
    dns_allow: str = option(
        TEXT,
        "",
        "the networks that may ask for other names; loopback and private ones if not"
        " given",
    )
    haproxy: str = option(
        PATH,
        "",
        "keep a local HAProxy in agreement with registries, as this configuration says:"
        " docs/haproxy/. It is read anew on SIGHUP and when it changes",
    )
    haproxy_auto: bool = option(
        BOOLEAN,
        False,
        "have services in a local HAProxy as their SERVICE_HAPROXY_PORT, _HOST, _PATH"
        " and _MODE say, those of the registries, or else of the engine",
    )
    haproxy_auto_listen: str = option(
        TEXT,
        "",
        "where those with a host or a path are: a port, or an address and a port; 80 if"
        " not given",
    )
    haproxy_settle: str = option(
        TEXT,
        "",
        "MIN:MAX seconds: changes of HAProxy are made after MIN quiet ones, and at most"
        " MAX after the first; at once if not given",
    )
    haproxy_zone: str = option(
        TEXT,
        "",
        "where this host is, such as eu-west-1/a: servers that are near come first",
    )
    checks: str = option(
        choice("registry", "local"),
        "registry",
        "who runs the checks of SERVICE_CHECK_...: a registry, such as Consul, those"
        " that it can, or the daemon all of them. For registries without checks the"
        " daemon always does",
    )
    check_allow: str = option(
        TEXT,
        "",
        "networks that checks may reach although they are link-local, where a cloud's"
        " metadata is",
    )
    check_ca: str = option(
        PATH, "", "certificates that checks over TLS trust, beside the system's"
    )
    unhealthy: str = option(
        choice("withdraw", "keep"),
        "withdraw",
        "what becomes of a service that is not passing in a registry whose format has a"
        " status, but whose readers may not heed it",
    )
    services: str = option(
        PATH,
        "",
        "register what this file describes as well: services that are no containers. It"
        " is read anew on SIGHUP and when it changes",
    )
    nerve: str = option(
        PATH,
        "",
        "do what this configuration of nerve says, in nerve's formats. It is read anew"
        " on SIGHUP and when it changes",
    )
    control: str = option(
        PATH,
        "",
        "the socket registrator-ctl talks to; in $XDG_RUNTIME_DIR or /run/registrator"
        " if not given",
    )
    state: str = option(
        DIRECTORY,
        "auto",
        "what must outlive the daemon is kept here; empty: nothing is. auto:"
        " $STATE_DIRECTORY, else /var/lib/registrator for root, else registrator in"
        " $XDG_STATE_HOME or ~/.local/state",
    )
    config: str = option(
        PATH, "", "read settings from this file, YAML or TOML", where="not in a file"
    )
    check_config: bool = option(
        BOOLEAN,
        False,
        "say whether all settings are right, and exit",
        where="command line",
    )
    once: bool = option(
        BOOLEAN, False, "bring every registry that lasts into agreement once, and exit"
    )
    dry_run: bool = option(
        BOOLEAN, False, "print what would be written and removed, and exit"
    )
    log_format: str = option(choice("text", "json"), "text", "how log lines look")
    log_level: str = option(
        choice("debug", "info", "warning", "error"), "info", "the least to be logged"
    )
    version: bool = option(
        BOOLEAN, False, "print the version, and exit", where="command line"
    )


def options() -> Iterator[Option]:
    """Yield every setting, in the order of the help text."""
    return options_of(Settings)


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
