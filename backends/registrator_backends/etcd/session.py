"""Who asks: the token that every request carries, had for user and password."""

from collections.abc import Awaitable, Callable
from typing import Final

from registrator.errors import Unavailable
from registrator_backends.etcd import wire
from registrator_backends.etcd.faults import NoUsers
from registrator_backends.etcd.uri import Login

NO_USERS: Final = ""
"""The token where there is nobody to be."""

Ask = Callable[[str, wire.Json], Awaitable[wire.Json]]


class Session:
    """Keeps the token until it is told that it does not serve any more."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._token: str | None = None

    async def token(self, ask: Ask) -> str:
        """Say the token; where there is none yet, log in by *ask*."""
        login = self._login
        if not login.user:
            return login.token.current()
        if self._token is None:
            self._token = await self._log_in(ask)
        return self._token

    def forget(self, token: str) -> bool:
        """Take in that *token* does not serve; whether another may be had."""
        if self._token == token:
            self._token = None
        return bool(self._login.user)

    async def _log_in(self, ask: Ask) -> str:
        login = self._login
        said = {"name": login.user, "password": login.password.current()}
        try:
            answer = await ask("auth/authenticate", said)
        except NoUsers:
            return NO_USERS
        token = answer.get("token")
        if not isinstance(token, str) or not token.isprintable():
            raise Unavailable("etcd gives no token for the password")
        return token
