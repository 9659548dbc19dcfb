"""What the coredns backend of fayrus/registrator leaves behind, told from the rest.

Pure. Its keys are ours, but for the id: there, colons and dots have become hyphens.
"""

import re

from registrator.model import ServiceId
from registrator_backends.skydns.message import Message


def left_by_fayrus(label: str, message: Message, node: str) -> ServiceId | None:
    """Guess the id that became *label* on the host *node*; None for another's.

    What the guess may have wrong is the container's name: then no container has
    that id, and the record goes.
    """
    if message != Message(host=message.host, port=message.port):
        return None
    host = re.escape(re.sub("[:.]", "-", node))
    found = re.fullmatch(rf"{host}-(.+?)-([0-9]+)(-udp)?", label)
    if found is None:
        return None
    return ServiceId(f"{node}:{found[1]}:{found[2]}{':udp' if found[3] else ''}")
