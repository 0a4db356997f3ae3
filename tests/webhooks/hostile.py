"""URLs that lead inside, or would with a careless reader; `{port}` is that of a receiver on loopback."""

from __future__ import annotations

HOSTILE = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://localhost.:{port}/",
    "http://a.localhost:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://0x7f.1:{port}/", "http://0x7f.0.0.0x1:{port}/", "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://127.0.0.01:{port}/", "http://127.0.0.1.:{port}/", "http://0:{port}/",
    "http://0.0.0.0:{port}/", "http://[::1]:{port}/", "http://[::]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/", "http://[fe80::1%25lo]:{port}/", "http://[::1%lo]:{port}/", "http://[::1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/", "http://127。0。0。1:{port}/", "http://１２７.0.0.1:{port}/", "http://ⓛocalhost:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.64.0.1/", "http://10.0.0.1/",
    "http://192.0.2.1/", "http://user:pass@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@example.com/", "http://127.0.0.1:{port}\\@example.com/", "http://example.com#@127.0.0.1/",
    "http://127.0.0.1:{port}#.example.com/", "http://127.0.0.1%2f.example.com/", "http://127.0.0.1\t:{port}/",
    " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/\r\nX-A: b", "http://exa\x00mple.com/",
    "http:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "file:///etc/passwd", "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x", "javascript:alert(1)", "http://", "", "http://example.com:22/", "http://example.com:0/",
    "http://example.com:99999/", "http://-a.example.com/", "http://a..example.com/", "http://.example.com/",
    "http://example.com.:{port}/", "http://127.0.0.1\u200b:{port}/", "http://exam\u202eple.com/",
    "http://" + "a" * 64 + ".com/", "http://example.com/" + "a" * 2000, "http://1.2.3.4.5/", "http://256.1.1.1/",
]  # fmt: skip
