"""Which registries the settings name, with what they say of every DNS responder."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from registrator.settings import Settings

_LOCAL: Final = ("dns", "memory")


def registries(settings: Settings) -> tuple[str, ...]:
    """List the URIs: -dns adds a responder, and other -dns flags are its options.

    What an URI says of itself counts before the flags.
    """
    uris = settings.registries
    if settings.dns:
        sources = lasting(settings)
        origin = "&".join(f"from={quote(uri, safe='/:,@')}" for uri in sources)
        uris = (*uris, f"dns://?{origin}") if sources or not uris else uris
    options = dict(_options(settings))
    return tuple(
        _with_options(uri, options) if _scheme(uri) == "dns" else uri for uri in uris
    )


def lasting(settings: Settings) -> tuple[str, ...]:
    """List the URIs of those that others can read, and that outlive the daemon."""
    return tuple(uri for uri in settings.registries if _scheme(uri) not in _LOCAL)


def _options(settings: Settings) -> Iterator[tuple[str, str]]:
    given = Settings()
    for name in ("only", "max-stale", "linger", "upstream", "allow"):
        attribute = f"dns_{name.replace('-', '_')}"
        value = getattr(settings, attribute)
        if value != getattr(given, attribute):
            yield name, f"{value:g}" if isinstance(value, float) else value


def _with_options(uri: str, options: dict[str, str]) -> str:
    place, _, query = uri.partition("?")
    said = {pair.partition("=")[0] for pair in query.split("&")}
    more = [
        f"{name}={quote(value, safe='/:,')}"
        for name, value in options.items()
        if name not in said
    ]
    query = "&".join([each for each in (query, *more) if each])
    return f"{place}?{query}" if query else place


def _scheme(uri: str) -> str:
    return uri.partition(":")[0].lower()
