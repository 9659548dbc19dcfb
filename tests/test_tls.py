"""Certificates: whom to trust, and every mistake in what is named."""

import ssl
from pathlib import Path

from registrator.tls import client_context


def test_whom_the_system_trusts_is_trusted_where_nobody_is_named() -> None:
    problems: list[str] = []

    context = client_context(problems)

    assert problems == []
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_everybody_may_be_trusted() -> None:
    context = client_context([], verify=False)

    assert context.verify_mode is ssl.CERT_NONE


def test_every_mistake_is_told(tmp_path: Path) -> None:
    problems: list[str] = []
    torn = tmp_path / "torn.pem"
    torn.write_text("no certificate")

    client_context(problems, ca="/no/ca.pem", cert=str(torn))
    client_context(problems, ca=str(torn), cert=str(torn), key="/no/key.pem")

    assert problems[:2] == [
        "/no/ca.pem: No such file or directory",
        f"{torn}: a client certificate goes with its key",
    ]
    assert problems[2].startswith(f"{torn}: ")
    assert problems[3] == "/no/key.pem: No such file or directory"
