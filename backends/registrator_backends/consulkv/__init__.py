"""Consul's key/value store: services as keys that go with a session of their host."""

from registrator_backends.consulkv.backend import ConsulKvBackend

__all__ = ["ConsulKvBackend"]
