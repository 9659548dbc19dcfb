"""etcd v3: services as keys that hang on one lease a host."""

from registrator_backends.etcd.backend import EtcdBackend

__all__ = ["EtcdBackend"]
