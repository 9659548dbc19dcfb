import json
import re
from pathlib import Path
from typing import Any

import pytest

from registrator.backend import Site
from registrator.check import Check
from registrator_backends.eureka import EurekaBackend
from samples import put, web
from standin_eureka import EurekaServer

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/eureka.md").read_text()
MODULES = sorted((ROOT / "backends/registrator_backends/eureka").glob("*.py"))
CODE = "".join(module.read_text() for module in MODULES)


def test_the_page_names_every_key_of_ours() -> None:
    keys = set(re.findall(r'"(registrator-[a-z-]+)"', CODE))

    assert len(keys) > 5
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_the_page_names_every_option() -> None:
    options = ["password_file", "tls", "ca", "cert", "key", "poll"]

    assert [name for name in options if f"`{name}`" not in PAGE] == []


@pytest.mark.needs_eureka
async def test_the_pages_example_is_what_a_server_shows(
    real_eureka: EurekaServer,
) -> None:
    example = re.search(r"(?s)```json\n(.*?)```", PAGE)
    assert example is not None
    service = web(
        "web-host-1:shop:80",
        name="shop",
        port=32768,
        tags=("blue", "v2"),
        metadata={"version": "2"},
        container_name="shop",
        checks=(Check(kind="http", target="http://10.0.0.1:32768/health"),),
    )
    site = Site(node="web-host-1")
    async with EurekaBackend.from_uri(real_eureka.uri, site) as backend:
        await put(backend, service)

    (shown,) = real_eureka.instances().values()
    assert timeless(shown) == timeless(json.loads(example[1]))


def timeless(shown: dict[str, Any]) -> dict[str, Any]:
    lease = {key: at for key, at in shown["leaseInfo"].items() if key.endswith("Secs")}
    times = {"lastUpdatedTimestamp": "", "lastDirtyTimestamp": ""}
    return shown | times | {"leaseInfo": lease}
