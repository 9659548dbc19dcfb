"""Instances that DNS knows: addresses of a name, or its SRV records."""

from registrator_haproxy.sources.dns.source import DnsSource

__all__ = ["DnsSource"]
