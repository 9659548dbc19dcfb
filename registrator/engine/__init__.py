"""The engine room: the container engine of one host: list, inspect, watch, run."""

from registrator.engine.absent import NOWHERE, engine_at
from registrator.engine.client import Engine, Info
from registrator.engine.decode import Hint, Listed
from registrator.engine.endpoint import Endpoint, resolve
from registrator.engine.execution import Execution

__all__ = [
    "NOWHERE",
    "Endpoint",
    "Engine",
    "Execution",
    "Hint",
    "Info",
    "Listed",
    "engine_at",
    "resolve",
]
