"""What can be known of the settings before the first connection is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registrator import control, haproxy_command, state, stores
from registrator.backend import Backend, Site
from registrator.bell import Bell
from registrator.engine import NOWHERE, Endpoint, resolve
from registrator.errors import ConfigError
from registrator.health import means
from registrator.health.kinds import GROUP
from registrator.health.probe import Means
from registrator.labels import TagTemplate
from registrator.nerve.file import NerveFiles
from registrator.nerve.translate import Nerve
from registrator.reading import Followed
from registrator.registries import registries
from registrator.settings import Settings
from registrator.stamp import stamp
from registrator.uri import attempt

if TYPE_CHECKING:
    from registrator.static.entries import Filed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Settings that were read as far as is possible without connecting."""

    settings: Settings
    environment: Mapping[str, str]
    endpoint: Endpoint
    tags: TagTemplate | None
    uris: Sequence[str]
    """The registries' addresses for people."""
    remote: bool
    """Whether a registry keeps what outlives the daemon."""
    means: Means
    """What the operator lets checks have."""
    hangup: Bell
    """Rings when all that can be read anew is to be."""
    check_kinds: frozenset[str] = field(default_factory=frozenset)
    """The kinds of checks that run here."""
    static: "Followed[tuple[Filed, ...]] | None" = None
    """What -services describes."""
    nerve: Followed[Nerve] | None = None
    """What -nerve asks for."""

    @property
    def describes(self) -> bool:
        """Whether a file describes services that are no containers."""
        return self.static is not None or self.nerve is not None

    @property
    def notes(self) -> Sequence[str]:
        """What of nerve's configuration cannot be honoured: one sentence each."""
        return () if self.nerve is None else self.nerve.said.notes

    def kept(self) -> Path | None:
        """Say where what outlives the daemon is kept; it need not be there yet."""
        given = self.settings.state
        if not given:
            return None
        if given == state.AUTO:
            return state.automatic(self.environment)
        return Path(given).absolute()

    def remembers(self, site: Site) -> Path | None:
        """Say where it is kept what checks said: also where no registry keeps a thing.

        A name that DNS does not know for a while after a restart is missed, too.
        """
        only_looks = self.settings.once or self.settings.dry_run
        return site.state if self.remote or only_looks else self.kept()

    def site(self, node: str, address: str) -> Site:
        """Say what a store is told of this host; make the directory for its state."""
        site = _site(self.settings, self.environment, node, address)
        if self.settings.dry_run:
            return site
        if not self.settings.once:
            site = replace(
                site,
                runtime=control.place(self.settings.control, self.environment),
            )
        if not self.remote:
            return site
        kept = state.directory(self.settings.state, self.environment)
        return replace(site, state=kept)


def prepare(settings: Settings, environment: Mapping[str, str]) -> Prepared:
    """Check all that can be checked before the first connection.

    Raise `ConfigError` with every mistake at once.
    """
    mistakes: list[str] = []
    endpoint = None
    made: Sequence[Backend[Any]] = ()
    try:
        nowhere = settings.docker_host == "none"
        endpoint = NOWHERE if nowhere else resolve(environment, settings.docker_host)
    except ConfigError as error:
        mistakes += error.problems
    tags = attempt(mistakes, lambda: _tags(settings.tags))
    allowed = means.read(settings.check_allow, settings.check_ca, mistakes)
    try:
        site = _site(settings, environment, settings.node_name or "node", settings.ip)
        made = stores.make(registries(settings), site)
    except ConfigError as error:
        mistakes += error.problems
    if settings.once and made and all(each.local for each in made):
        mistakes.append(
            f"-once: what {made[0].uri} shows ends with the daemon; name a registry"
            " that lasts, such as consul://127.0.0.1:8500"
        )
    hangup, kinds = Bell(), frozenset(entry_points(group=GROUP).names)
    static = attempt(mistakes, lambda: _static(settings.services, kinds, hangup))
    nerve = attempt(mistakes, lambda: _nerve(settings, environment, hangup))
    if mistakes or endpoint is None:
        raise ConfigError(*mistakes)
    return Prepared(
        settings=settings,
        environment=environment,
        endpoint=endpoint,
        tags=tags,
        uris=[each.uri for each in made],
        remote=nerve is not None or not all(each.local for each in made),
        means=allowed,
        check_kinds=kinds,
        hangup=hangup,
        static=static,
        nerve=nerve,
    )


def _tags(text: str) -> TagTemplate | None:
    return TagTemplate.parse(text) if text else None


def _static(
    path: str, kinds: frozenset[str], hangup: Bell
) -> "Followed[tuple[Filed, ...]] | None":
    if not path:
        return None
    from registrator.static import file  # noqa: PLC0415  its pydantic takes 0.1 s

    def read() -> "tuple[Filed, ...]":
        return file.load(path, kinds)

    return Followed(path, read, lambda: stamp(Path(path)), hangup)


def _nerve(
    settings: Settings, environment: Mapping[str, str], hangup: Bell
) -> Followed[Nerve] | None:
    if not settings.nerve:
        return None
    if settings.once or settings.dry_run:
        raise ConfigError(
            "-nerve: what nerve reports lives with the daemon: leave it out of -once"
            " and -dry-run"
        )
    files = NerveFiles(settings.nerve)
    site = _site(settings, environment, settings.node_name or "node", settings.ip)

    def read() -> Nerve:
        found = files.read()
        stores.make(found.registries, site)
        return found

    return Followed(settings.nerve, read, files.stamp, hangup)


def _site(
    settings: Settings, environment: Mapping[str, str], node: str, address: str
) -> Site:
    return Site(
        node=node,
        address=address,
        ttl=settings.ttl,
        ttl_refresh=settings.ttl_refresh or settings.ttl / 3,
        cleanup=settings.cleanup,
        keeps_unhealthy=settings.unhealthy == "keep",
        local_checks=settings.checks == "local",
        environment=environment,
    )


def judge(settings: Settings, environment: Mapping[str, str]) -> None:
    """Check the same, and the configuration of the HAProxy side where there is one.

    Raise `ConfigError` with every mistake at once.
    """
    mistakes: list[str] = []
    try:
        prepare(settings, environment)
    except ConfigError as error:
        mistakes += error.problems
    if haproxy_command.wanted(settings):
        from registrator import haproxy_side  # noqa: PLC0415  most daemons have none

        try:
            haproxy_side.check(settings, environment)
        except ConfigError as error:
            mistakes += error.problems
    if mistakes:
        raise ConfigError(*mistakes)
