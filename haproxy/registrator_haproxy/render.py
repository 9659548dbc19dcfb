"""The text of HAProxy's file: of the same layout the same octets. Pure."""

from collections.abc import Iterator

from registrator_haproxy.layout import Backend, Layout, Section, Server

HEAD = "# Written by registrator: what is changed here by hand is overwritten."


def render(layout: Layout) -> str:
    """Write the file; it ends in a line feed, without which HAProxy refuses it."""
    sections = [
        *layout.fixed,
        *layout.frontends,
        *map(_backend, layout.backends.values()),
    ]
    return "\n\n".join([HEAD, *map(_section, sections)]) + "\n"


def server_words(server: Server) -> Iterator[str]:
    """Yield what follows its name and address, in the file and at `add server`."""
    if server.id:
        yield from ("id", str(server.id))
    if server.cookie:
        yield from ("cookie", server.cookie)
    yield from server.options
    if server.weight is not None:
        yield from ("weight", str(server.weight))
    if server.backup:
        yield "backup"


def _backend(backend: Backend) -> Section:
    servers = [
        " ".join(("server", each.name, each.place, *server_words(each)))
        for each in backend.servers
    ]
    return Section(title=f"backend {backend.name}", lines=(*backend.lines, *servers))


def _section(section: Section) -> str:
    return "\n\t".join((section.title, *section.lines))
