"""A TLS check: a handshake, and a certificate that is what it should be."""

import asyncio
import ssl
import time
from datetime import UTC, datetime

from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means, Outcome, Probe
from registrator.health.reasons import reason
from registrator.health.trust import Trust, name_of


class TlsProbe(Probe):
    """Shakes hands, looks at the certificate, and closes at once."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self._trust = Trust(means.authorities)

    async def run(self, check: Check) -> Outcome:
        """Shake hands with the target, and say until when its certificate lasts."""
        place = self.place(check.target)
        name = name_of(check.server_name, place)
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol,
                place.host,
                place.port,
                ssl=self._trust.context(verify=not check.tls_skip_verify),
                server_hostname=name,
            )
        except OSError as error:
            raise Failed(f"{place}: {reason(error, name)}") from error
        try:
            shaken: ssl.SSLObject = transport.get_extra_info("ssl_object")
            said = f"{place}: {shaken.version()}, {_lasting(shaken)}"
            return Outcome(Status.PASSING, said)
        finally:
            # A farewell may not be answered, and would be waited for.
            transport.abort()


def _lasting(shaken: ssl.SSLObject) -> str:
    until = (shaken.getpeercert() or {}).get("notAfter")
    if not isinstance(until, str):
        return "certificate not looked at"
    end = ssl.cert_time_to_seconds(until)
    days = int((end - time.time()) // 86_400)
    day = datetime.fromtimestamp(end, UTC).date()
    return f"certificate valid until {day} ({days} days)"
