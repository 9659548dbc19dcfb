"""Other files that say what the services have: written, judged, and told of."""

from registrator_haproxy.outputs.following import Outputs

__all__ = ["Outputs"]
