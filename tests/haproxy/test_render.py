"""HAProxy's file: golden text, and HAProxy's own word on it."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrator.model import Instance
from registrator_haproxy.configuration.file import read
from registrator_haproxy.layout import Backend, Layout, Section, Server
from registrator_haproxy.plan import plan
from registrator_haproxy.render import render

LAYOUT = Layout(
    fixed=(
        Section(title="global", lines=("maxconn 100",)),
        Section(title="defaults", lines=("timeout connect 1s",)),
    ),
    frontends=(
        Section(title="frontend web-in", lines=("bind ::1:80", "default_backend web")),
    ),
    backends={
        "web": Backend(
            name="web",
            lines=("mode http",),
            servers=(
                Server(
                    name="a_10.0.0.1:80",
                    address="10.0.0.1",
                    port=80,
                    id=7,
                    cookie="a",
                    weight=0,
                    backup=True,
                    options=("check", "inter", "2s"),
                ),
                Server(name="fd00::1:81", address="fd00::1", port=81),
            ),
        ),
        "empty": Backend(name="empty"),
    },
)

TEXT = """\
# Written by registrator: what is changed here by hand is overwritten.

global
	maxconn 100

defaults
	timeout connect 1s

frontend web-in
	bind ::1:80
	default_backend web

backend web
	mode http
	server a_10.0.0.1:80 10.0.0.1:80 id 7 cookie a check inter 2s weight 0 backup
	server fd00::1:81 fd00::1:81

backend empty
"""


def check(text: str, file: Path) -> subprocess.CompletedProcess[str]:
    file.write_text(text)
    return subprocess.run(
        ["haproxy", "-c", "-q", "-f", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_layout_is_written_so() -> None:
    assert render(LAYOUT) == TEXT


CONFIGURATION = """
global: [maxconn 100]
services:
  web:
    listen: 8080
    balance: leastconn
    backend: [option httpchk GET /health]
  db: {listen: "[::1]:5432", mode: tcp, server: check}
  queue: {listen: unix@/tmp/queue.sock, mode: tcp}
  inner: {servers: [{host: 10.1.1.1, port: 80}]}
"""


CONFIGURED = read(CONFIGURATION, "test").configuration


def test_haproxy_takes_what_is_written(tmp_path: Path) -> None:
    instances = [
        Instance(id=str(n), name="x", address=address, port=80, weight=n)
        for n, address in enumerate(["10.0.0.1", "fd00::1", "127.0.0.1"])
    ]
    believed = dict.fromkeys(["web", "db", "queue"], instances)
    text = render(plan(CONFIGURED, believed).layout)

    done = check(text, tmp_path / "haproxy.cfg")

    assert (done.returncode, done.stderr) == (0, "")


WORDS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Instance,
            id=WORDS,
            name=WORDS,
            address=st.one_of(st.just("10.0.0.1"), WORDS),
            port=st.integers(-1, 70000),
            metadata=st.dictionaries(
                st.sampled_from(["haproxy_server_options", "zone"]),
                st.one_of(
                    WORDS, st.sampled_from(["backup", "weight 7", "check port 9"])
                ),
            ),
            weight=st.integers(0, 65535),
            node=WORDS,
            container=WORDS,
        ),
        max_size=5,
    )
)
def test_whatever_a_registry_holds_the_file_has_only_lines_of_ours(
    instances: list[Instance],
) -> None:
    text = render(plan(CONFIGURED, {"web": instances}).layout)
    before = render(plan(CONFIGURED, {}).layout).splitlines()

    more = [line for line in text.splitlines() if line not in before]
    assert all(line.startswith("\tserver ") for line in more)
    assert text.isascii()
    assert not set("".join(more)) & set(";\"'$\\#%{}")


VALUES = {
    "inter fastinter downinter slowstart pool-purge-delay": [
        "1",
        "200ms",
        "999999s",
        "9999m",
    ],
    "rise fall maxconn maxqueue error-limit pool-max-conn": ["1", "99", "999999"],
    "weight": ["0", "1", "100", "255", "256"],
    "port": ["1", "9999", "10000", "64999"],
    "id": ["1", "999999"],
    "cookie": ["a", "A-1_b.c", "check."],
    "observe": ["layer4", "layer7"],
    "on-error": ["fastinter", "fail-check", "sudden-death", "mark-down"],
    "on-marked-down": ["shutdown-sessions"],
    "on-marked-up": ["shutdown-backup-sessions"],
}
ALONE = "backup check disabled non-stick send-proxy send-proxy-v2 check-send-proxy"
OPTIONS = [
    *ALONE.split(),
    *(
        f"{word} {value}"
        for words, values in VALUES.items()
        for word in words.split()
        for value in values
    ),
]


@settings(max_examples=40)
@given(
    options=st.lists(
        st.lists(st.sampled_from(OPTIONS), max_size=12), min_size=1, max_size=9
    ),
    service=st.sampled_from(["web", "db"]),
)
def test_haproxy_takes_every_word_that_the_whitelist_does(
    options: list[list[str]], service: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = [
        Instance(
            id=str(n),
            name="x",
            address=f"10.0.0.{n}",
            port=80,
            metadata={"haproxy_server_options": " ".join(words)},
        )
        for n, words in enumerate(options)
    ]
    planned = plan(CONFIGURED, {service: asked})

    refused = planned.refused.get(service, ())
    assert all("id " in each or "mode: http" in each for each in refused)
    file = tmp_path_factory.getbasetemp() / "words.cfg"
    done = check(render(planned.layout), file)
    assert (done.returncode, done.stdout) == (0, "")
    assert "[ALERT]" not in done.stderr
