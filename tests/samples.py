"""Services to register."""

from dataclasses import replace
from typing import Any, TypeVar

from registrator.backend import Backend, Failures
from registrator.model import ContainerId, Service, ServiceId
from registrator.planner import Change

R = TypeVar("R")

CONTAINER = ContainerId(
    "4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2"
)

_WEB = Service(
    id=ServiceId("here:web.1:80"),
    name="web",
    address="10.0.0.1",
    port=8000,
    container=CONTAINER,
    container_name="web.1",
)


def web(id: str = _WEB.id, **changes: Any) -> Service:  # noqa: A002  its name in Service
    """Make a plain service, or one that differs from it as told."""
    return replace(_WEB, id=ServiceId(id), **changes)


async def put(backend: Backend[R], *services: Service) -> Failures:
    """Write services of which nothing is known to be there."""
    return await backend.put(
        [Change(service.id, backend.record(service), None) for service in services]
    )


async def drop(backend: Backend[R], *services: ServiceId) -> Failures:
    """Remove services of which nothing is known to be there."""
    return await backend.drop([Change(service, None, None) for service in services])
