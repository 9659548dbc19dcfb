"""The JSON that is shown of DNS responders; times are seconds."""

from typing import Literal, TypedDict


class DnsSourceView(TypedDict):
    """An instance that a record stands for."""

    service: str
    id: str
    node: str
    registry: str
    """Where it was read; "" for one of this host's own."""


class DnsRecordView(TypedDict):
    """One record of an answer, and where it comes from."""

    section: Literal["answer", "additional"]
    name: str
    ttl: int
    type: str
    data: str
    sources: list[DnsSourceView]
    """Empty where it stands for no instance."""


class DnsAnswerView(TypedDict):
    """What one responder answers to a question, and why."""

    responder: str
    name: str
    type: str
    rcode: str
    reason: str
    records: list[DnsRecordView]


class DnsReadingView(TypedDict):
    """A registry whose instances a responder shows."""

    registry: str
    known: bool
    """Whether it was ever read."""
    age: float
    """Since when that is not confirmed; 0: it is current."""
    instances: int
    """How many of its instances are shown."""
    error: str


class ResponderView(TypedDict):
    """One DNS responder."""

    responder: str
    listen: list[str]
    instances: int
    """How many are shown, this host's own and others."""
    counters: dict[str, int]
    """What it answered since it was started, by kind."""
    readings: list[DnsReadingView]
