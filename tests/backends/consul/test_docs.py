import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/backends/consul.md").read_text()


def test_the_page_names_every_variable_that_is_read() -> None:
    modules = (ROOT / "backends/registrator_backends/consul").glob("*.py")
    code = "".join(module.read_text() for module in modules)
    read = set(re.findall(r'"(CONSUL_[A-Z_]+)"', code))

    assert {name for name in read if f"`{name}`" not in PAGE} == set()
    assert set(re.findall(r"`(CONSUL_[A-Z_]+)`", PAGE)) <= read
