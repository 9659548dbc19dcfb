"""How a service is written into a znode, and what others' znodes say."""

from registrator_backends.zookeeper.formats.choice import FORMATS, Entry, Format, read

__all__ = ["FORMATS", "Entry", "Format", "read"]
