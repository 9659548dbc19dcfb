"""SkyDNS and CoreDNS: services as the messages in etcd that these two serve."""

from registrator_backends.skydns.backend import SkydnsBackend

__all__ = ["SkydnsBackend"]
