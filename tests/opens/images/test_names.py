"""The name in an image's address."""

from __future__ import annotations

import pytest

from app.opens.images.names import free, is_file, slug, stem_of

PNG, JPEG = ("png",), ("jpg", "jpeg")


@pytest.mark.parametrize(
    ("given", "extensions", "made"),
    [
        ("logo.png", PNG, "logo.png"),
        ("Promoção de Verão.PNG", PNG, "promocao-de-verao.png"),
        ("foto.JPEG", JPEG, "foto.jpeg"),
        ("foto.png", JPEG, "foto.jpg"),
        ("banner v1.5", PNG, "banner-v1.5.png"),
        ("shell.php.gif", PNG, "shell.php.png"),
        ("shell.php", PNG, "shell.php.png"),
        ("../../etc/passwd", PNG, "passwd.png"),
        ("..\\..\\windows\\win.ini", PNG, "win.ini.png"),
        ("/abs/olute.png", PNG, "olute.png"),
        ("%2e%2e%2fx.png", PNG, "2e-2e-2fx.png"),
        ("a\0b.png", PNG, "a-b.png"),
        ("a\r\nSet-Cookie: x.png", PNG, "a-set-cookie-x.png"),
        ("<script>alert(1)</script>.png", PNG, "script.png"),
        (".png", PNG, "image.png"),
        ("..png", PNG, "image.png"),
        ("", PNG, "image.png"),
        ("日本語.png", PNG, "image.png"),
        ("😀.png", PNG, "image.png"),
        ("\u202egnp.exe", PNG, "gnp.exe.png"),
        ("-._x_.-.png", PNG, "x.png"),
        ("CON.png", PNG, "con.png"),
        ("a" * 500 + ".png", PNG, "a" * 64 + ".png"),
        ("a" * 63 + "-b.jpeg", JPEG, "a" * 63 + ".jpeg"),
    ],
)
def test_any_name_becomes_one_that_fits_an_address(given: str, extensions: tuple[str, ...], made: str) -> None:
    assert slug(given, extensions) == made
    assert is_file(made)


@pytest.mark.parametrize(
    "name", ["", ".png", "a.svg", "A.png", "a/b.png", "a.png\n", "-a.png", "a" * 65 + ".png", "a.php"]
)
def test_what_no_address_has_is_known(name: str) -> None:
    assert not is_file(name)


def test_a_taken_name_gets_a_number() -> None:
    assert free("logo.png", set()) == "logo.png"
    assert free("logo.png", {"logo.png", "logo-2.png"}) == "logo-3.png"
    longest = "a" * 64 + ".jpeg"
    assert free(longest, {longest}) == "a" * 62 + "-2.jpeg"


def test_people_call_an_image_by_its_file() -> None:
    assert stem_of("C:\\fotos\\Promoção de Verão.PNG") == "Promoção de Verão"
    assert stem_of("v1.5") == "v1.5"
