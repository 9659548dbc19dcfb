"""ZooKeeper: services as znodes in one of four formats that others read and write."""

from registrator_backends.zookeeper.backend import ZooKeeperBackend

__all__ = ["ZooKeeperBackend"]
