"""Instances on their way between a daemon and its responder, a page at a time."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from registrator.model import Instance
from registrator_dns.process import frames
from registrator_dns.process.frames import Message
from registrator_dns.process.remote import Remote

T = TypeVar("T")

PAGE: Final = 16
"""Instances of one message: no query waits for more of them to be taken in."""


async def listed(remote: Remote) -> dict[str, Instance]:
    """Return what a responder shows, by its keys; raise `Unavailable`."""
    found: dict[str, Instance] = {}
    from_start = True
    while True:
        answer = await remote.ask({"op": "list", "from_start": from_start})
        if not answer["instances"]:
            return found
        from_start = False
        for key, values in answer["instances"].items():
            found[key] = frames.instance(values)


def puts(instances: Mapping[str, Instance]) -> Iterator[Message]:
    """Say that these are shown, in place of what had their keys."""
    for page in _pages(instances.items()):
        yield {"op": "put", "instances": {k: frames.written(i) for k, i in page}}


def drops(keys: Collection[str]) -> Iterator[Message]:
    """Say that these are shown no longer."""
    for page in _pages(keys):
        yield {"op": "drop", "keys": page}


def _pages(items: Collection[T]) -> Iterator[list[T]]:
    every = iter(items)
    while page := list(islice(every, PAGE)):
        yield page
