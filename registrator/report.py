"""What those who follow the engine, and keep the stores, say of how it goes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendReport:
    """How one store stands; times are the loop's, durations seconds."""

    uri: str
    reachable: bool
    records: int
    waiting: int
    held: int
    """Removals that wait for a second listing."""
    error: str
    round_at: float | None
    """When everything was last compared, None before the first time."""
    lag: float | None
    """From hearing of the latest change to its being written."""
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How the engine's side stands; times are the loop's."""

    endpoint: str
    connected: bool
    current: bool
    """Whether all was looked at since it was connected, and nothing failed since."""
    containers: int
    waiting: int
    listings: int
    listed_at: float | None
    error: str
