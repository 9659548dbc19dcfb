"""HAProxy as a process: its file, its check, its reload, and the way back."""

from registrator_haproxy.process.application import Application, Step
from registrator_haproxy.process.check import Verdict, check
from registrator_haproxy.process.file import ConfigurationFile
from registrator_haproxy.process.proxy import Attached, Commanded, Proxy, Refused
from registrator_haproxy.process.supervised import Supervised

__all__ = [
    "Application",
    "Attached",
    "Commanded",
    "ConfigurationFile",
    "Proxy",
    "Refused",
    "Step",
    "Supervised",
    "Verdict",
    "check",
]
