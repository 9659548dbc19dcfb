"""One member of a cluster, and who wants to know whether it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from etcds import at
from fixtures.etcd import EtcdServer
from registrator.errors import Unavailable
from registrator_backends.etcd.member import Member
from registrator_backends.etcd.uri import read_address
from registrator_backends.values import LONGEST
from tcp_proxy import TcpProxy

pytestmark = pytest.mark.needs_etcd

LONG: Final = 3_600.0
"""Seconds."""


@asynccontextmanager
async def member(line: TcpProxy) -> AsyncIterator[Member]:
    [place] = read_address(at(line), {}).places
    opened = Member(place, deadline=5.0, longest=LONGEST)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def test_one_sign_of_life_serves_all_who_wait_for_one(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with member(line) as one:
        await one.show_life("", lately=LONG, seconds=5.0)
        question = line.sent
        asked = [one.show_life("", lately=LONG, seconds=5.0) for _ in range(20)]
        await asyncio.gather(*asked)

        assert line.sent == question

        await one.show_life("", lately=0.0, seconds=5.0)

        assert line.sent > question


async def test_a_member_that_shows_none_is_dead_for_all_who_wait(
    etcd: EtcdServer, line: TcpProxy
) -> None:
    async with member(line) as one:
        line.freeze()
        asked = [one.show_life("", lately=LONG, seconds=0.5) for _ in range(20)]
        found = await asyncio.gather(*asked, return_exceptions=True)

        assert len(found) == 20
        assert all(isinstance(each, Unavailable) for each in found)

        line.heal()
        await one.show_life("", lately=LONG, seconds=5.0)
