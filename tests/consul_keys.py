"""The keys and sessions of a Consul, as any client of it sees and changes them."""

import base64
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

from fixtures.consul import ConsulAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What Consul says of one key."""

    value: bytes
    flags: int
    session: str
    modified: int


def keys(agent: ConsulAgent, start: str = "") -> dict[str, Key]:
    """Read all keys that start so."""
    found: list[dict[str, Any]] = []
    try:
        found = agent.get(f"/v1/kv/{start}?recurse")
    except HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:  # as it is where there are none
            raise
    return {
        each["Key"]: Key(
            value=base64.b64decode(each["Value"] or ""),
            flags=each["Flags"],
            session=each.get("Session", ""),
            modified=each["ModifyIndex"],
        )
        for each in found
    }


def write(agent: ConsulAgent, key: str, value: bytes, flags: int = 0) -> None:
    """Write a key as somebody does who knows nothing of sessions."""
    change(agent, "set", key, Value=base64.b64encode(value).decode(), Flags=flags)


def remove(agent: ConsulAgent, key: str) -> None:
    """Remove a key, whoever holds it."""
    change(agent, "delete", key)


def change(agent: ConsulAgent, verb: str, key: str, **fields: object) -> None:
    """Do one operation of a transaction."""
    agent.put("/v1/txn", [{"KV": {"Verb": verb, "Key": key, **fields}}])


def sessions(agent: ConsulAgent) -> set[str]:
    """List the sessions that there are."""
    return {each["ID"] for each in agent.get("/v1/session/list")}


def begin(agent: ConsulAgent, name: str) -> str:
    """Begin a session of somebody else's; two of one name are not to be."""
    agent.put("/v1/session/create", {"Name": name, "TTL": "60s", "LockDelay": "0s"})
    (session,) = (
        each["ID"] for each in agent.get("/v1/session/list") if each["Name"] == name
    )
    return str(session)


def end(agent: ConsulAgent, session: str) -> None:
    """End a session, as its TTL would."""
    agent.put(f"/v1/session/destroy/{session}")
