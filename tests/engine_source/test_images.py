"""Names of images, as people and engines write them."""

import pytest

from registrator.engine_source.images import Image
from registrator.errors import ConfigError
from registrator.model import Container, ContainerId, State

DIGEST = "sha256:" + "a" * 64


def container(image: str, image_id: str = "") -> Container:
    return Container(
        id=ContainerId("c"),
        name="c",
        image=image,
        image_id=image_id,
        state=State.RUNNING,
    )


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        ("web", "web"),
        ("web", "web:1"),
        ("web", f"web@{DIGEST}"),
        ("web", f"web:1@{DIGEST}"),
        ("web", "library/web"),
        ("web", "docker.io/library/web:2"),
        ("docker.io/library/web", "web"),
        ("me/web", "docker.io/me/web:2"),
        ("me/web", "localhost/me/web"),
        ("web:1", "web:1"),
        ("web:latest", "web"),
        (f"web@{DIGEST}", f"web:1@{DIGEST}"),
        ("host:5000/me/web", "host:5000/me/web:1"),
        ("host:5000/me/web:1", "host:5000/me/web:1"),
        ("host.example/web", f"host.example/web@{DIGEST}"),
    ],
)
def test_an_image_is_found_by_what_was_said_of_it(wanted: str, image: str) -> None:
    assert Image.of(wanted).runs_in(container(image))


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        ("web", "web2"),
        ("web", "me/web"),
        ("web", "host:5000/web"),
        ("web:1", "web:2"),
        ("web:1", "web"),
        ("web:latest", f"web@{DIGEST}"),
        (f"web@{DIGEST}", "web:1"),
        ("host:5000/web", "host/web:5000"),
        ("host:5000/web", "other:5000/web"),
        ("web", DIGEST),
        ("web", "Not An Image"),
    ],
)
def test_another_image_is_not_taken_for_it(wanted: str, image: str) -> None:
    assert not Image.of(wanted).runs_in(container(image))


@pytest.mark.parametrize("wanted", ["a" * 12, "a" * 64, DIGEST])
def test_an_image_is_found_by_its_id(wanted: str) -> None:
    assert Image.of(wanted).runs_in(container("web", "a" * 64))
    assert not Image.of(wanted).runs_in(container("web", "b" * 64))


@pytest.mark.parametrize(
    "text", ["", ":1", "@", "web:", "a b", "web@sha256:1", "-web", "web\n", "web:a/b"]
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names no image"):
        Image.of(text)
