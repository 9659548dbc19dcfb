"""The engine room: lists, inspects and watches the container engine of one host."""

from registrator.engine.client import Engine, Info
from registrator.engine.decode import Hint, Listed
from registrator.engine.endpoint import Endpoint, resolve

__all__ = ["Endpoint", "Engine", "Hint", "Info", "Listed", "resolve"]
