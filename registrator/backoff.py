"""How long to wait before trying again."""

import random
from collections.abc import Iterator


def delays(first: float = 0.5, cap: float = 30.0) -> Iterator[float]:
    """Yield seconds to wait, endlessly: doubling to *cap*, with full jitter.

    Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    ceiling = first
    while True:
        yield random.uniform(0.0, ceiling)  # noqa: S311  spreads load, keeps no secret
        ceiling = min(cap, ceiling * 2)
