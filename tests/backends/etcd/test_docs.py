import re
from pathlib import Path

from registrator_backends.etcd.lease import lease_ids
from registrator_backends.etcd.uri import OPTIONS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/etcd.md").read_text()


def test_the_page_names_every_variable_that_is_read() -> None:
    modules = (ROOT / "backends/registrator_backends/etcd").glob("*.py")
    code = "".join(module.read_text() for module in modules)
    read = set(re.findall(r'"(ETCDCTL_[A-Z_]+)"', code))

    assert read
    assert set(re.findall(r"`(ETCDCTL_[A-Z_]+)`", PAGE)) == read


def test_the_page_names_every_option() -> None:
    cells = re.findall(r"(?m)^\|([^|]*)\|[^|]*\|[^|]*\|$", PAGE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert named == {*OPTIONS, "format"}


def test_the_lease_on_the_page_is_that_of_its_host() -> None:
    first, _ = lease_ids("etcd", "/services/", "web-host-1")

    assert f"lease timetolive --keys {first:x}\n" in PAGE
