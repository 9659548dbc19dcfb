"""Which containers run an image that somebody named. Pure.

Source: Docker's and Podman's reference grammar, `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from registrator.errors import ConfigError
from registrator.model import Container

_REFERENCE: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5}(?=/))?(?:/[a-z0-9._-]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-f]{32,}))?",
    re.ASCII,
)
_ID: Final = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})", re.ASCII)
_UNSAID: Final = frozenset({"docker.io", "localhost"})
"""Hosts that are left out where people write names; the last is Podman's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image's name taken apart; "" for what it does not say."""

    name: str
    tag: str = ""
    digest: str = ""
    id: str = ""
    """What may be an image's id, or the beginning of one."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Take *text* apart; raise `ConfigError` where it names no image."""
        found = _REFERENCE.fullmatch(text)
        id_ = _ID.fullmatch(text)
        if found is None:
            raise ConfigError(f"{text!r} names no image, as web and host:5000/web:2 do")
        return cls(
            name=_short(found["name"]),
            tag=found["tag"] or "",
            digest=found["digest"] or "",
            id=id_[1] if id_ else "",
        )

    def runs_in(self, container: Container) -> bool:
        """Whether *container* was made from it; what is not said may be anything."""
        if self.id and container.image_id.startswith(self.id):
            return True
        try:
            image = Image.of(container.image)
        except ConfigError:
            return False
        # An image that is named by its digest alone has no tag, and not the latest.
        tag = image.tag or ("" if image.digest else "latest")
        return (
            image.name == self.name
            and self.tag in {"", tag}
            and self.digest in {"", image.digest}
        )


def _short(name: str) -> str:
    host, slash, path = name.partition("/")
    if slash and host in _UNSAID:
        return path.removeprefix("library/")
    return name.removeprefix("library/")
