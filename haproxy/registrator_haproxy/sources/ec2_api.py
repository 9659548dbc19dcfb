"""EC2's DescribeInstances by boto3, which blocks, and what an answer says.

Everything here is called on a thread but `read_instances`, which is pure.
"""

import time
from collections.abc import Iterable, Mapping
from importlib import import_module
from threading import Lock
from typing import Any, Final

from registrator.errors import Unavailable
from registrator.model import Instance
from registrator.readable import Reading
from registrator_haproxy.sources import fields

CONNECT: Final = 2.0
READ: Final = 10.0
_PAGE: Final = 1000
_MOST_CALLS: Final = 4


class Ec2:
    """One region's EC2; boto3 is loaded with the first request, as an extra."""

    def __init__(self, region: str, endpoint: str, deadline: float) -> None:
        self._region = region
        self._endpoint = endpoint
        self._deadline = deadline
        self._lock = Lock()
        self._client: Any = None

    def instances(self, filters: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """List all that fit; raise `Unavailable` where a page is not had in time."""
        errors = import_module("botocore.exceptions")
        unread = import_module("botocore.parsers").ResponseParserError
        asked = [{"Name": name, "Values": [each]} for name, each in filters.items()]
        end = time.monotonic() + self._deadline
        found: list[Mapping[str, Any]] = []
        try:
            pages = self._opened().get_paginator("describe_instances")
            for page in pages.paginate(
                Filters=asked, PaginationConfig={"PageSize": _PAGE}
            ):
                found += _listed(page, self._place)
                if time.monotonic() > end:
                    raise Unavailable(f"{self._place}: too many pages for the time")
        except (errors.BotoCoreError, errors.ClientError, unread) as error:
            why = " ".join(str(error).split())[:300]
            raise Unavailable(f"{self._place}: {why}") from error
        return found

    @property
    def _place(self) -> str:
        return f"ec2 {self._endpoint or self._region}"

    def _opened(self) -> Any:
        """Make the client once; making one is not for several threads at a time."""
        with self._lock:
            if self._client is None:
                config = import_module("botocore.config").Config(
                    connect_timeout=CONNECT,
                    read_timeout=READ,
                    retries={"total_max_attempts": 1},
                    max_pool_connections=_MOST_CALLS,
                )
                self._client = (
                    import_module("boto3")
                    .session.Session()
                    .client(
                        "ec2",
                        region_name=self._region,
                        endpoint_url=self._endpoint or None,
                        config=config,
                    )
                )
            return self._client


def _listed(page: Mapping[str, Any], place: str) -> list[Mapping[str, Any]]:
    """Take the instances out of a page; an answer without a list is no empty one."""
    if "Reservations" not in page:
        raise Unavailable(f"{place}: the answer has no list of instances")
    return [
        each
        for reservation in page["Reservations"]
        for each in reservation.get("Instances", ())
    ]


def read_instances(
    found: Iterable[Mapping[str, Any]], *, tag: str, name: str, port: int
) -> Reading:
    """Read instances; their tags are their metadata, and their zone is.

    *name* is what they are called; "": as the tag says. *port* 0 is none: the service
    has one for all of its servers.
    """
    read: dict[str, Instance] = {}
    skipped = 0
    for each in found:
        key, address = (
            fields.text(each, "InstanceId"),
            fields.host(each, "PrivateIpAddress"),
        )
        if not key or not address:
            skipped += 1
            continue
        tags = _tags(each.get("Tags"))
        placement = each.get("Placement")
        zone = (
            fields.text(placement, "AvailabilityZone")
            if isinstance(placement, dict)
            else ""
        )
        read[key] = Instance(
            id=key,
            name=name or tags.get(tag, ""),
            address=address,
            port=port,
            metadata={**tags, **({"availability-zone": zone} if zone else {})},
            node=fields.text(each, "PrivateDnsName"),
        )
    return Reading(instances=read, skipped=skipped)


def _tags(value: object) -> dict[str, str]:
    pairs = fields.objects(value) or []
    return fields.texts({each.get("Key"): each.get("Value") for each in pairs})
