"""Containers of an engine as instances, with no registry between."""

from registrator.engine_source.source import EngineSource

__all__ = ["EngineSource"]
