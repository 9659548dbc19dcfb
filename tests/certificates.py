"""Certificates for tests, made on the spot."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The files of one certificate, in PEM."""

    ca: Path
    """Who issued it."""
    cert: Path
    key: Path
    both: Path
    """The key and the certificate in one file, as Java wants them."""

    def context(self) -> ssl.SSLContext:
        """Be a client that has this certificate, and trusts its issuer alone."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.cert, self.key)
        return context


class Authority:
    """Issues certificates into a directory."""

    def __init__(self, directory: Path) -> None:
        self.ca = directory / "ca"
        self._directory = directory
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(self.ca)

    def issue(
        self, name: str, *identities: str, common_name: str = "", expired: bool = False
    ) -> Certificate:
        """Make the files NAME.cert and NAME.key; without identities, for 127.0.0.1."""
        cert, key, both = (
            self._directory / f"{name}.{kind}" for kind in ("cert", "key", "both")
        )
        now = datetime.now(UTC)
        issued = self._authority.issue_cert(
            *(identities or ("127.0.0.1", "localhost")),
            common_name=common_name or None,
            not_before=now - timedelta(days=2) if expired else None,
            not_after=now - timedelta(days=1) if expired else None,
        )
        secret = load_pem_private_key(issued.private_key_pem.bytes(), None)
        octets = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        issued.cert_chain_pems[0].write_to_path(cert)
        key.write_bytes(octets)
        both.write_bytes(octets + cert.read_bytes())
        return Certificate(ca=self.ca, cert=cert, key=key, both=both)
