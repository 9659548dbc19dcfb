"""Where HAProxy listens, and to which service a request goes. Pure."""

from collections.abc import Iterator, Mapping

from registrator_haproxy.configuration.model import Configuration, Service
from registrator_haproxy.configuration.routes import Frontend, Route
from registrator_haproxy.layout import Section

# HAProxy 3.2 warns of a frontend and a backend with one name.
_TITLE = "frontend {}-in"


def frontends(configuration: Configuration) -> tuple[Section, ...]:
    """Lay out those of the services, and those that services share."""
    services = configuration.services
    return (
        *(_own(name, each) for name, each in services.items() if each.listen),
        *(
            _shared(name, each, services)
            for name, each in configuration.frontends.items()
        ),
    )


def backend_name(name: str, service: Service) -> str:
    """Say what the backend of a service is called."""
    return service.backend_name or name


def _own(name: str, service: Service) -> Section:
    return Section(
        title=_TITLE.format(name),
        lines=(
            _line("bind", str(service.listen), service.bind_options),
            *((f"mode {service.mode}",) if service.mode else ()),
            *service.frontend,
            f"default_backend {backend_name(name, service)}",
        ),
    )


def _shared(name: str, frontend: Frontend, services: Mapping[str, Service]) -> Section:
    backends = {
        route: backend_name(whose, service)
        for whose, service in services.items()
        for route in service.routes
        if route.frontend == name
    }
    return Section(
        title=_TITLE.format(name),
        lines=(
            *(
                _line("bind", str(each), frontend.bind_options)
                for each in frontend.listen
            ),
            "mode http",
            *frontend.lines,
            *(_use(route, backends[route]) for route in sorted(backends, key=_closest)),
        ),
    )


def _closest(route: Route) -> tuple[object, ...]:
    """Sort by how much a route says; HAProxy takes the first that fits."""
    host = route.host or ""
    # Of two names that a wildcard has below it, the longer one says more.
    depth = host.count(".") if host.startswith("*") else 0
    rank = 2 if not host else 1 if depth else 0
    return rank, -depth, -route.path.count("/"), -len(route.path), host, route.path


def _use(route: Route, backend: str) -> str:
    conditions = " ".join(_conditions(route))
    return (
        f"use_backend {backend} if {conditions}"
        if conditions
        else f"default_backend {backend}"
    )


def _conditions(route: Route) -> Iterator[str]:
    if route.host:
        how = "end" if route.host.startswith("*") else "str"
        name = route.host.removeprefix("*")
        yield f"{{ req.hdr(host),host_only,lower -m {how} {name} }}"
    if route.path:
        # With a slash after it, /shop is among what begins with /shop/, and /shops not.
        yield f"{{ path,concat(/) -m beg {route.path}/ }}"


def _line(*words: str) -> str:
    return " ".join(" ".join(words).split())
