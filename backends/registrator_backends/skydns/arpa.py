"""From addresses back to names: where the pointer of an address stands.

Pure. Sources: RFC 1035 3.5 and RFC 3596 2.5, backwards as in all keys.
"""

import ipaddress


def place_of(host: str) -> str | None:
    """Say what stands behind ``arpa/`` in the key of an address; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return f"in-addr/{str(address).replace('.', '/')}"
    return f"ip6/{'/'.join(address.exploded.replace(':', ''))}"
