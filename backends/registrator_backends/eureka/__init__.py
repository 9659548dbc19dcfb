"""Eureka, through its REST interface in version 2."""

from registrator_backends.eureka.backend import EurekaBackend

__all__ = ["EurekaBackend"]
