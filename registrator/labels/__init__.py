"""From a container to the services it offers, with the reason for every port.

Pure: no I/O, no clock, no environment.
"""

from registrator.labels.decide import Decision, decide
from registrator.labels.rules import Rules
from registrator.labels.tags import TagTemplate, TemplateError

__all__ = ["Decision", "Rules", "TagTemplate", "TemplateError", "decide"]
