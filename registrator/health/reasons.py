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
        what = _CERTIFICATE.get(error.verify_code)
        asked = f" than {name}" if name and error.verify_code in {62, 64} else ""
        return f"certificate {what}{asked}" if what else f"certificate: {_text(error)}"
    if isinstance(error, ssl.SSLError):
        return _TLS.get(error.reason or "", f"TLS fails: {_text(error)}")
    # asyncio puts another text where the system's belongs.
    return os.strerror(error.errno).lower() if error.errno else _text(error)


def _text(error: OSError) -> str:
    """Take what the library itself says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".").lower()
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error).lower() or "the connection was closed"
