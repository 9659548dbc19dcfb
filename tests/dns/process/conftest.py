"""Backends of daemons that follow each other."""

from pathlib import Path

import pytest

from dnsprocesses import Make
from registrator.backend import Site
from registrator_dns.backend import DnsBackend


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(node="foo", address="10.0.0.1", runtime=tmp_path / "control")


@pytest.fixture
def make(site: Site) -> Make:
    """Make the backend of a daemon; one made later is that of its successor."""
    return lambda options="": DnsBackend.from_uri(f"dns://127.0.0.1:0{options}", site)
