"""How a service is written into a znode, and what others' znodes say."""

from registrator_backends.zookeeper.formats.choice import (
    FORMATS,
    Format,
    read,
    said_by_name,
)
from registrator_backends.zookeeper.formats.fields import Entry

__all__ = ["FORMATS", "Entry", "Format", "read", "said_by_name"]
