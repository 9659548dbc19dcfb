"""Consul: services with an agent of its own, and entries in its key/value store."""

from registrator_backends.consul.backend import ConsulBackend

__all__ = ["ConsulBackend"]
