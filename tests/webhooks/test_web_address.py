"""Addresses of webhooks as people type them, the hostile ones too."""

from __future__ import annotations

import pytest

from app.webhooks import web_address
from tests.webhooks.hostile import HOSTILE

GOOD = {
    "https://example.com": "https://example.com",
    "HTTPS://Example.COM:443/A?b=C": "https://example.com/A?b=C",
    "https://example.com:8443/hook?token=a%20b": "https://example.com:8443/hook?token=a%20b",
    "https://loja.são-joão.com.br/ação?é=1": "https://loja.xn--so-joo-3tae.com.br/a%C3%A7%C3%A3o?%C3%A9=1",
    "https://hooks_in.example.com/a/../b": "https://hooks_in.example.com/a/../b",
    "https://8.8.8.8/x": "https://8.8.8.8/x",
    "https://[2606:4700:4700:0::1111]/": "https://[2606:4700:4700::1111]/",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_address_is_written_in_one_way(url: str) -> None:
    assert web_address.check(url, https_only=True, any_port=False) == GOOD[url]
    assert web_address.check(GOOD[url], https_only=True, any_port=False) == GOOD[url]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        web_address.check(url.format(port=443), https_only=False, any_port=False)


def test_development_takes_http_and_ones_own_network_any_port() -> None:
    with pytest.raises(ValueError, match="https"):
        web_address.check("http://example.com/", https_only=True, any_port=False)
    with pytest.raises(ValueError, match="8443"):
        web_address.check("http://example.com:5000/", https_only=False, any_port=False)
    for url in ("http://127.0.0.1:5000/hook", "http://localhost:9/", "http://receiver:5000/"):
        assert web_address.check(url, https_only=False, any_port=True) == url
    with pytest.raises(ValueError, match="not allowed"):
        web_address.check("http://169.254.169.254/", https_only=False, any_port=True)
