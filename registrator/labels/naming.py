"""What services are called: names from images, ids from host, container and port."""

import re
from collections.abc import Mapping

from registrator.labels import whitelist
from registrator.labels.metadata import Wishes
from registrator.model import Container, Port

_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{12,64}|[0-9a-f]{64}")
# What is shorter is rather a word that the id happens to begin with.
_BEGINNING = re.compile(r"[0-9a-f]{6,63}")


def service_name(
    port: Port, container: Container, wishes: Wishes, *, grouped: bool
) -> str:
    """The name asked for or the image's, with the port where there are several.

    A name given for this port in particular stands alone. Raise `Refused` where it
    is no name.
    """
    name = wishes.get("name") or default_name(container)
    if grouped and "name" not in wishes.specific:
        name = f"{name}-{port.number}"
    return whitelist.service_name(name)


def default_name(container: Container) -> str:
    """The last word of the image's name; the container's where it has none."""
    return image_name(container) or container.name


def image_name(container: Container) -> str:
    """The last word of the image's name; "" for an image that was given by id."""
    image = container.image
    begins = _BEGINNING.fullmatch(image) and container.image_id.startswith(image)
    if begins or _IMAGE_ID.fullmatch(image):
        return ""
    path = image.partition("@")[0]
    return path.rpartition("/")[2].partition(":")[0]


def service_ids(
    container: Container, wishes: Mapping[Port, Wishes], node: str
) -> dict[Port, str]:
    """An id for each port, without judging it.

    What SERVICE_ID says stands alone where it names one port, and has the port
    appended where it would name several.
    """
    asked = {port: wish.get("id") for port, wish in wishes.items()}
    texts = list(asked.values())
    ids = {}
    for port, text in asked.items():
        own = text or f"{node}:{container.name}"
        if not text or texts.count(text) > 1:
            own = f"{own}:{port.number}"
            if port.transport != "tcp":
                own = f"{own}:{port.transport}"
        ids[port] = own
    return ids
