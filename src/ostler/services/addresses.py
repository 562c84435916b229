"""Who is one and the same in the network, for those who count attempts."""

from __future__ import annotations

import ipaddress


def network(address: str) -> str:
    """Return the address, or for IPv6 the /64 that one customer has: all of its addresses are one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
