"""The page for people shows what is really stored."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.stores import agree
from coredns_rules import CoreDns
from fixtures.etcd import EtcdServer
from registrator_backends.skydns import SkydnsBackend
from registrator_backends.skydns.labels import label_of
from samples import web

Make = Callable[..., SkydnsBackend]

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/skydns.md").read_text()
SHOP = web(
    "web-host-1:shop:80",
    name="shop",
    port=32768,
    tags=("blue", "v2"),
    metadata={"version": "2"},
)
WWW = web("www-1", name="www", port=8080)


@pytest.mark.needs_etcd
async def test_what_the_page_shows_is_what_etcd_holds(
    make: Make, etcd: EtcdServer
) -> None:
    async with make(node="web-host-1") as backend:
        await agree(backend, SHOP, WWW)

    lines = re.findall(r"(?ms)^\$ etcdctl get.*?\n(.*?)^```", PAGE)[0].splitlines()
    assert dict(zip(lines[::2], lines[1::2], strict=True)) == etcd.values("/skydns")


@pytest.mark.needs_etcd
async def test_what_the_page_says_of_dns_is_what_coredns_answers(
    make: Make, dns: CoreDns
) -> None:
    async with make(node="web-host-1") as backend:
        await agree(backend, SHOP, WWW)

    (srv,) = dns.srv("shop.cluster.local")
    assert f"`{srv.target}`" in PAGE
    assert dns.addresses(srv.target) == ["10.0.0.1"]
    assert dns.ptr("10.0.0.1") == ["shop.cluster.local"]


def test_the_page_names_every_option() -> None:
    code = (ROOT / "backends/registrator_backends/skydns/uri.py").read_text()
    (options,) = re.findall(r"_OPTIONS: Final = \(([^)]*)\)", code)

    assert options.count('"') == 8
    assert {
        each for each in re.findall(r'"(\w+)"', options) if each not in PAGE
    } == set()
    assert label_of(SHOP.id) in PAGE
