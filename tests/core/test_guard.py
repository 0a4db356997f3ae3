"""Where a URL that a person typed may lead."""

from __future__ import annotations

import pytest

from app.core.guard import is_allowed

PUBLIC = "93.184.215.14 8.8.8.8 172.32.0.1 100.128.0.1 2606:4700:4700::1111 2a00:1450:4001:82b::200e ::ffff:8.8.8.8"
OWN = (
    "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 127.0.0.1 127.8.9.1 100.64.0.1 ::1 fc00::1 fd12::1 ::ffff:10.0.0.1"
)
NEVER = """
0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1
198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::127.0.0.1 ::8.8.8.8 fe80::1 fe80::1%eth0
fec0::1 ff02::1 2001:db8::1 3fff::1 100::1 5f00::1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 2002:7f00:1:: 2001::1
fd00:ec2::254 fd20:ce::254 ::ffff:169.254.169.254 ::ffff:0.0.0.0 4000::1 localhost 2130706433 0x7f.1 127.1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", OWN.split())
def test_ones_own_networks_are_opened_by_the_setting_alone(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", [*NEVER.split(), "", " 8.8.8.8"])
def test_nothing_opens_the_rest(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert not is_allowed(address, allow_private=True)
