"""What Marathon says of an app and its tasks. Pure.

Source: Marathon's REST API, GET /v2/apps/{app_id} and GET /v2/apps. An app is answered
with its tasks and with its health checks at once, so that both are of one moment.
"""

from collections.abc import Mapping
from typing import Any

from registrator.fitness import Status
from registrator.model import Instance
from registrator.readable import Reading
from registrator_haproxy.sources import fields


def read_apps(apps: object, port_index: int, name: str) -> Reading:
    """Read the tasks that run, of apps; what is no task with such a port is counted.

    *name* is what their instances are called; "": as their apps. Raise `ValueError`
    for no list of apps, and an app without a list of tasks.
    """
    found: dict[str, Instance] = {}
    skipped = 0
    listed = fields.objects(apps)
    if listed is None:
        raise ValueError("the answer has no list of apps")
    for app in listed:
        tasks = fields.objects(app.get("tasks"))
        if tasks is None:
            raise ValueError("the answer has an app without a list of tasks")
        labels = fields.texts(app.get("labels"))
        called = name or fields.text(app, "id").strip("/")
        for task in filter(_runs, tasks):
            address = fields.host(task, "host")
            port = _port(task.get("ports"), port_index)
            key = fields.text(task, "id")
            if not (key and address and port):
                skipped += 1
                continue
            found[key] = Instance(
                id=key,
                name=called,
                address=address,
                port=port,
                metadata=labels,
                status=_status(app, task),
                node=address,
            )
    return Reading(instances=found, skipped=skipped)


def _runs(task: Mapping[str, Any]) -> bool:
    """Whether it was started and has not ended; older versions tell no state."""
    state = task.get("state", "TASK_RUNNING")
    return bool(task.get("startedAt")) and state == "TASK_RUNNING"


def _port(ports: object, index: int) -> int | None:
    if not isinstance(ports, list) or index >= len(ports):
        return None
    return fields.number(ports[index])


def _status(app: Mapping[str, Any], task: Mapping[str, Any]) -> Status:
    """Passing where all health checks say so; one without a result does not yet."""
    if not app.get("healthChecks"):
        return Status.PASSING
    results = fields.objects(task.get("healthCheckResults")) or []
    alive = [each.get("alive") is True for each in results]
    return Status.PASSING if alive and all(alive) else Status.CRITICAL
