"""A store for each row."""

from collections.abc import AsyncIterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from contract.stores import AnyBackend, Row, Store, parameters
from registrator.backend import Site


def opening(row: Row, server: object, tmp: Path, **site: Any) -> Store:
    kind: type[AnyBackend] = resolve_name(row.kind)
    uri = row.uri.format(server=server, tmp=tmp)
    return lambda node: kind.from_uri(uri, Site(node=node, state=tmp, **site))


@pytest.fixture(params=parameters())
def row(request: pytest.FixtureRequest) -> Row:
    """The backend at hand."""
    found: Row = request.param
    return found


@pytest.fixture
def store(row: Row, request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    server = request.getfixturevalue(row.server) if row.server else None
    return opening(row, server, tmp_path)


@pytest.fixture
async def keeper(
    row: Row, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[AnyBackend]:
    """One that keeps what is not passing."""
    server = request.getfixturevalue(row.server) if row.server else None
    async with opening(row, server, tmp_path, keeps_unhealthy=True)("here") as opened:
        yield opened


@pytest.fixture
async def backend(store: Store) -> AsyncIterator[AnyBackend]:
    async with store("here") as opened:
        yield opened
