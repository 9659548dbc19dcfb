"""nginx takes what the documentation's example gives."""

import re
from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator_haproxy.configuration.outputs import Output
from registrator_haproxy.outputs.texts import Texts
from registrator_haproxy.outputs.writer import Writer

pytestmark = pytest.mark.needs_nginx

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs/haproxy/outputs.md"
[CHECK] = re.findall(r"(?ms)^```sh\n(.*?)^```", PAGE.read_text())


async def test_nginx_takes_the_example_and_refuses_another(tmp_path: Path) -> None:
    check = tmp_path / "check"
    check.write_text(CHECK)
    check.chmod(0o700)
    file = tmp_path / "upstreams.conf"
    said = {"file": str(file), "format": "file-sd"}
    writer = Writer(Output.model_validate({**said, "validate": [str(check), "{file}"]}))
    golden = (HERE / "golden/upstreams.conf").read_text()
    text = golden.replace("db.example", "127.0.0.2")  # there is no such name

    await writer.agree(Texts(texts={str(file): text}))
    with pytest.raises(ConfigError, match="unknown directive"):
        await writer.agree(Texts(texts={str(file): f"{text}nonsense;\n"}))

    assert file.read_text() == text
