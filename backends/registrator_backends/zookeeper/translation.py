"""kazoo's words for ours, and back; nothing of kazoo's goes past here and `link`."""

from collections.abc import Sequence
from typing import Any, Final

from kazoo import exceptions
from kazoo.security import ACL, Id, Permissions

from registrator.errors import Unavailable
from registrator_backends.zookeeper.acl import Grant
from registrator_backends.zookeeper.terms import Login
from registrator_backends.zookeeper.znode import Fault, Znode

FAULTS: Final = {
    exceptions.NoNodeError: Fault.MISSING,
    exceptions.NodeExistsError: Fault.EXISTS,
    exceptions.NotEmptyError: Fault.NOT_EMPTY,
    exceptions.NoChildrenForEphemeralsError: Fault.NO_PARENT,
    exceptions.NoAuthError: Fault.DENIED,
    exceptions.InvalidACLError: Fault.BAD_ACL,
    exceptions.BadArgumentsError: Fault.BAD_PATH,
    exceptions.QuotaExceededError: Fault.FULL,
}
_PERMISSIONS: Final = {
    "r": Permissions.READ,
    "w": Permissions.WRITE,
    "c": Permissions.CREATE,
    "d": Permissions.DELETE,
    "a": Permissions.ADMIN,
}
# Operations of a multi() that failed for the sake of another one.
_BYSTANDERS: Final = (exceptions.RolledBackError, exceptions.RuntimeInconsistency)


def login_options(login: Login) -> dict[str, Any]:
    """Say who we are in kazoo's words."""
    if not login.user:
        return {}
    password = login.password.current()
    if login.by == "digest":
        return {"auth_data": [("digest", f"{login.user}:{password}")]}
    return {
        "sasl_options": {
            "mechanism": "DIGEST-MD5",
            "username": login.user,
            "password": password,
        }
    }


def render_grant(grant: Grant) -> Any:
    """Write an entry of an ACL."""
    permissions = sum(_PERMISSIONS[letter] for letter in set(grant.permissions))
    return ACL(permissions, Id(grant.scheme, grant.who))


def read_znode(data: bytes, stat: Any) -> Znode:
    """Read what get() answers."""
    return Znode(
        data=data or b"",
        created=stat.czxid,
        changed=stat.mzxid,
        owner=stat.ephemeralOwner,
        children=stat.numChildren,
    )


def read_outcome(results: Sequence[Any], uri: str) -> tuple[str, ...] | Fault:
    """Read what multi() answers: errors stand among the results."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, _BYSTANDERS):
            fault = FAULTS.get(type(result))
            if fault is None:
                raise Unavailable(f"{uri}: {type(result).__name__}") from result
            return fault
    return tuple(result for result in results if isinstance(result, str))
