"""What the daemon makes of the answers of its HAProxy side."""

from pathlib import Path

import pytest
from aiohttp import web

from registrator.errors import Unavailable
from registrator.haproxy_side import HaproxySide
from registrator.settings import Settings


@pytest.mark.parametrize(("status", "text"), [(500, "oh"), (200, "[]"), (200, "")])
async def test_an_answer_that_cannot_be_read_is_none(
    tmp_path: Path, status: int, text: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    control = tmp_path / "control.sock"
    application = web.Application()
    application.router.add_get("/v1/haproxy", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(tmp_path / "control.sock.haproxy")).start()
        with pytest.raises(Unavailable, match=f"answers {status}, and nothing"):
            await HaproxySide(Settings(), control, {}).describe()
    finally:
        await runner.cleanup()
