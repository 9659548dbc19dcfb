"""What a reconciler says of its store."""

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
