"""Containers that are replaced under load, through a registry and HAProxy."""

from pathlib import Path

import pytest

from fixtures.engine import RunContainer
from fixtures.etcd import EtcdServer
from replacement import Street, reader, replaced, writer
from waiting import until

pytestmark = [pytest.mark.needs_engine, pytest.mark.needs_etcd]


@pytest.mark.needs_haproxy
async def test_containers_are_replaced_one_by_one_and_no_request_fails(
    etcd: EtcdServer, run_container: RunContainer, tmp_path: Path
) -> None:
    with writer(etcd) as daemon, reader(etcd, tmp_path) as entry:
        until(daemon.settled, "the first round")
        street = Street(daemon=daemon, entry=entry, run_container=run_container)

        seen = await replaced(street, count=2, requests=2000)
        log = daemon.log

    assert seen.failures == []
    assert seen.answers.total() >= 2000
    assert len(seen.answers) >= 4
    assert log.count("sent SIGTERM") >= 2
