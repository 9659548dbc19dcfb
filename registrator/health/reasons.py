"""Why a peer could not be reached, in an operator's words."""

import os
import ssl
from typing import Final

_CERTIFICATE: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed and not trusted: -check-ca names what is",
    19: "is of an authority that is not trusted: -check-ca names what is",
    20: "is of an authority that is not trusted: -check-ca names what is",
    21: "is of an authority that is not trusted: -check-ca names what is",
    62: "is for another name",
    64: "is for another address",
}
"""By the X509_V_ERR_ numbers of OpenSSL's x509_vfy.h."""

_TLS: Final = {
    "WRONG_VERSION_NUMBER": "no TLS is spoken there",
    "UNEXPECTED_EOF_WHILE_READING": "the connection was closed within TLS' handshake",
}


def reason(error: OSError, name: str = "") -> str:
    """Say what the system or TLS met; *name* is what the certificate was to have."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".").lower()
        what = _CERTIFICATE.get(error.verify_code, f"is refused: {said}")
        than = f" than {name}" if name and error.verify_code in {62, 64} else ""
        return f"certificate {what}{than}"
    if isinstance(error, ssl.SSLError):
        # One that was not raised by OpenSSL has none.
        why = getattr(error, "reason", None) or str(error)
        return _TLS.get(why, f"TLS fails: {why.replace('_', ' ').lower()}")
    # asyncio puts another text where the system's belongs.
    said = os.strerror(error.errno) if error.errno else str(error)
    return said.lower() or "the connection was closed"
