"""The health checks that a container asks for with SERVICE_CHECK_...

A check that cannot be read refuses its service. Without it the service would count as
healthy for ever, and nobody would notice until clients were sent to a dead one.
"""

from registrator.labels.checks.kinds import KINDS, OPTIONS
from registrator.labels.checks.reading import MAX_CHECKS, checks
from registrator.labels.checks.values import Target

__all__ = ["KINDS", "MAX_CHECKS", "OPTIONS", "Target", "checks"]
