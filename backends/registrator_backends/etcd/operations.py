"""What a transaction of etcd's may hold; pure."""

from collections.abc import Sequence
from typing import Final

from registrator_backends.etcd import wire

_INNER: Final = 64


def put(key: bytes, value: bytes, lease: int) -> wire.Json:
    """Set a key, as part of a transaction."""
    said = {"key": wire.encoded(key), "value": wire.encoded(value), "lease": str(lease)}
    return {"request_put": said}


def delete(key: bytes) -> wire.Json:
    """Delete a key, as part of a transaction."""
    return {"request_delete_range": {"key": wire.encoded(key)}}


def get(key: bytes, *, keys_only: bool = False) -> wire.Json:
    """Read a key, as part of a transaction."""
    return {"request_range": {"key": wire.encoded(key), "keys_only": keys_only}}


def gets(keys: Sequence[bytes]) -> wire.Json:
    """Read up to 64 * 64 keys: a transaction of transactions.

    etcd allows 128 operations (--max-txn-ops) from the outermost to the innermost,
    not in all of them together.
    """
    inner = [keys[at : at + _INNER] for at in range(0, len(keys), _INNER)]
    return transaction(
        [{"request_txn": transaction([get(key) for key in each])} for each in inner]
    )


def lease_is(key: bytes, result: str, lease: int) -> wire.Json:
    """Compare the lease of a key; that of a key that is not there is 0."""
    said = {"target": "LEASE", "result": result, "lease": str(lease)}
    return said | {"key": wire.encoded(key)}


def transaction(
    success: Sequence[wire.Json],
    *,
    compare: Sequence[wire.Json] = (),
    failure: Sequence[wire.Json] = (),
) -> wire.Json:
    """Do *success* where all of *compare* holds, *failure* otherwise."""
    return {"compare": compare, "success": success, "failure": failure}
