"""Consul's blocking queries: an answer now, and another whenever it changes.

Source: Consul's HTTP API, "Blocking Queries", whose rules for the index these are.
"""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Final

from registrator.http_client import Answer
from registrator_backends.consul.agent import Agent

SOON: Final = 10.0
"""Seconds after which a query that tells us whether the agent lives comes back."""
LATE: Final = 60.0
"""Seconds after which the other ones come back."""

_PACE: Final = 0.1  # seconds between two answers, however often the thing changes
_DIGITS: Final = 20  # of the largest number of 64 bits
_LATER: Final = 1 / 16  # of the wait: what an agent adds at most, at random


async def changes(
    agent: Agent, path: str, *, wait: float, missing: object = None
) -> AsyncGenerator[object, None]:
    """Yield what *path* holds, now and each time it may have changed.

    A question is asked anew at least every *wait* seconds; raise `Unavailable` where
    the answer stays out for longer than it may. *missing* stands for what is not
    there, which is otherwise no answer.
    """
    index = 0
    while True:
        answer = await _ask(agent, path, index, wait)
        there = answer.status != HTTPStatus.NOT_FOUND
        if not there and missing is None:
            raise agent.refusal(path, answer)
        newest = index_of(agent, answer)
        if newest != index:
            yield agent.parsed(answer.body) if there else missing
        index = newest if newest >= index else 0
        # What changes in a burst is not looked at for every change; and what answers
        # without waiting, as Consul does not, is not asked without end.
        await asyncio.sleep(_PACE)


async def once(agent: Agent, path: str) -> object:
    """Read what *path* holds now."""
    answer = await _ask(agent, path, 0, 0.0)
    if answer.status != HTTPStatus.OK:
        raise agent.refusal(path, answer)
    return agent.parsed(answer.body)


def index_of(agent: Agent, answer: Answer) -> int:
    """Read the index of an answer; 0, which none should have, would never block."""
    said = answer.headers.get("x-consul-index", "")
    if not (said.isascii() and said.isdigit() and len(said) <= _DIGITS):
        raise agent.stranger()
    return max(1, int(said))


async def _ask(agent: Agent, path: str, index: int, wait: float) -> Answer:
    query, deadline = "", agent.deadline
    if index:
        # An agent adds a part of the wait by itself, so that not all come at once.
        query = f"{'&' if '?' in path else '?'}index={index}&wait={wait:g}s"
        deadline += wait * (1 + _LATER)
    answer = await agent.ask("GET", f"{path}{query}", deadline=deadline)
    if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
        raise agent.refusal(path, answer)
    return answer
