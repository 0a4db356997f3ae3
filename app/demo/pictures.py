"""The images that the companies' mails carry, drawn here."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
INK, CORAL, SUN, SAND = (43, 33, 66), (238, 96, 85), (255, 189, 89), (252, 244, 236)
SEA, SKY, PAPER, GREY = (17, 94, 115), (84, 172, 190), (255, 255, 255), (104, 112, 128)
FINE = 2  # drawn so many times larger, for smooth edges


def logo() -> bytes:
    """Loja Aurora: a sun that rises over a line."""
    picture, pen = _sheet(320, 96, SAND)
    pen.pieslice(_fine(24, 22, 88, 86), 180, 360, fill=CORAL)
    pen.pieslice(_fine(36, 34, 76, 74), 180, 360, fill=SUN)
    pen.rounded_rectangle(_fine(16, 58, 96, 63), 4, fill=INK)
    _write(pen, (112, 26), "aurora", 42, INK)
    return _saved(picture, "PNG")


def summer() -> bytes:
    picture = _gradient(600, 200, SUN, CORAL)
    pen = ImageDraw.Draw(picture)
    for size, place in ((210, 430), (150, 400), (96, 500)):
        pen.ellipse(_fine(place, 110 - size // 2, place + size, 110 + size // 2), outline=PAPER, width=4)
    _write(pen, (36, 48), "Vestidos leves", 46, PAPER)
    _write(pen, (38, 112), "A nova vitrine chegou", 24, INK)
    return _saved(picture, "JPEG")


def black_friday() -> bytes:
    picture = _gradient(600, 240, INK, (12, 8, 24))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(x * FINE, y * FINE) for x, y in ((430, 0), (520, 0), (400, 240), (310, 240))], fill=(66, 48, 104))
    _write(pen, (36, 52), "BLACK", 64, PAPER)
    _write(pen, (36, 118), "FRIDAY", 64, SUN)
    pen.ellipse(_fine(430, 58, 560, 188), fill=CORAL)
    _write(pen, (453, 88), "40%", 44, PAPER)
    _write(pen, (472, 138), "OFF", 24, PAPER)
    return _saved(picture, "WEBP")


def signature() -> bytes:
    """A strip under a mail."""
    picture, pen = _sheet(480, 64, PAPER)
    pen.rectangle(_fine(0, 0, 5, 64), fill=CORAL)
    _write(pen, (20, 8), "Loja Aurora  -  Financeiro", 20, INK)
    _write(pen, (20, 36), "aurora.example   (11) 4000-0000   seg. a sex. 9h-18h", 15, GREY)
    return _saved(picture, "PNG")


def clinic() -> bytes:
    """Clínica Horizonte: a horizon."""
    picture, pen = _sheet(360, 96, PAPER)
    pen.ellipse(_fine(20, 14, 88, 82), fill=SKY)
    pen.chord(_fine(20, 14, 88, 82), 10, 170, fill=SEA)
    _write(pen, (104, 24), "Horizonte", 40, SEA)
    return _saved(picture, "PNG")


def november() -> bytes:
    picture = _gradient(560, 180, SKY, SEA)
    pen = ImageDraw.Draw(picture)
    pen.ellipse(_fine(430, 30, 550, 150), outline=PAPER, width=10)
    _write(pen, (34, 44), "Novembro Azul", 44, PAPER)
    _write(pen, (36, 104), "Agende o seu exame", 24, PAPER)
    return _saved(picture, "GIF")


DRAWN = {
    "logo": logo,
    "summer": summer,
    "black friday": black_friday,
    "signature": signature,
    "clinic": clinic,
    "november": november,
}


def _sheet(width: int, height: int, paper: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (width * FINE, height * FINE), paper)
    return picture, ImageDraw.Draw(picture)


def _gradient(width: int, height: int, left: Colour, right: Colour) -> Image.Image:
    size = (width * FINE, height * FINE)
    mask = Image.linear_gradient("L").rotate(90).resize(size)
    return Image.composite(Image.new("RGB", size, right), Image.new("RGB", size, left), mask)


def _fine(*places: int) -> list[float]:
    return [place * FINE for place in places]


def _write(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: Colour) -> None:
    """Pillow's own font, which is everywhere; it has no accents."""
    pen.text((place[0] * FINE, place[1] * FINE), text, colour, ImageFont.load_default(size * FINE))


def _saved(picture: Image.Image, kind: str) -> bytes:
    small = picture.resize((picture.width // FINE, picture.height // FINE), Image.Resampling.LANCZOS)
    written = BytesIO()
    small.save(written, kind, quality=86)
    return written.getvalue()
