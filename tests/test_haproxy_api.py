"""The HAProxy side's questions and answers, over a real socket."""

import asyncio
from pathlib import Path

import pytest

from haproxyshow import HaproxyShowcase, glance, plan
from registrator import haproxy_api, local_api
from registrator.ctl.client import Client, NoDaemon, NotKnown
from registrator.errors import ConfigError
from registrator.haproxy_api import Nowhere, Proposed


async def test_a_program_that_answers_nothing_else_answers_these(
    tmp_path: Path,
) -> None:
    path, views = tmp_path / "x.sock", HaproxyShowcase(now="a", then="b")
    async with local_api.serve(path, haproxy_api.application(views)):
        client = Client([path])

        assert await asyncio.to_thread(client.haproxy) == glance()
        assert await asyncio.to_thread(client.haproxy_plan) == plan()
        file = await asyncio.to_thread(client.haproxy_file)
        assert (file["now"], file["then"]) == ("a", "b")
        with pytest.raises(NotKnown, match="404"):
            await asyncio.to_thread(client.status)
    assert views.proposed == [None, None]


async def test_what_is_proposed_arrives_as_it_was_sent(tmp_path: Path) -> None:
    path, views = tmp_path / "x.sock", HaproxyShowcase()
    file = tmp_path / "ünew ?&.yaml"
    file.write_text("bücher: \x00\n", encoding="utf-8")
    async with local_api.serve(path, haproxy_api.application(views)):
        await asyncio.to_thread(Client([path]).haproxy_plan, file)

    assert views.proposed == [Proposed(name=str(file), text="bücher: \x00\n")]


async def test_what_is_no_text_is_a_mistake_that_names_the_file(tmp_path: Path) -> None:
    path, file = tmp_path / "x.sock", tmp_path / "picture.yaml"
    file.write_bytes(b"\xff\xfe")
    async with local_api.serve(path, haproxy_api.application(HaproxyShowcase())):
        with pytest.raises(ConfigError, match=r"picture\.yaml: 'utf-8' codec"):
            await asyncio.to_thread(Client([path]).haproxy_file, file)


@pytest.mark.parametrize("ask", ["haproxy", "haproxy_plan", "haproxy_file"])
async def test_where_there_is_no_haproxy_side_every_question_says_so(
    tmp_path: Path, ask: str
) -> None:
    path = tmp_path / "x.sock"
    async with local_api.serve(path, haproxy_api.application(Nowhere())):
        with pytest.raises(NotKnown, match="no haproxy side runs here"):
            await asyncio.to_thread(getattr(Client([path]), ask))


async def test_what_answers_something_else_is_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    views = HaproxyShowcase(glance={"version": "9"})  # type: ignore[typeddict-item]  # on purpose
    async with local_api.serve(path, haproxy_api.application(views)):
        with pytest.raises(NoDaemon, match="not of this version"):
            await asyncio.to_thread(Client([path]).haproxy)
