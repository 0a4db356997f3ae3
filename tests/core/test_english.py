"""English is complete: it is what code and templates say, so nothing in them is Portuguese, and all of it is marked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from jinja2 import Environment

from app.core import catalog
from tests.each import each
from tests.page_app import ROOT
from tests.people import Browser

TEMPLATES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "templates").rglob("*.html")
    if path.parent.name != "gallery"  # shown to developers only, with samples in both languages
)
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "app").rglob("*.py")
    if path.parent.name != "demo"  # its shops and shoppers are Brazilian
)
SCRIPTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "static/js").glob("*.js"))
PORTUGUESE = re.compile(r"[ãõçáéíóúâêôà]", re.I)
WORDS = re.compile(
    r"\b(uma|para|você|senha|eventos?|entregas?|contas?|sem|mais|todos|salvar|excluir|criar|novo|nova|dos|das|pela|foi)\b"
)
PLACES = {  # Portuguese on purpose
    "app/core/i18n.py",  # the language's own name
    "app/core/gallery.py",
    "app/contacts/importing/words.py",  # a file to fill in
    "app/webhooks/trial.py",  # an example with an accent
}
SAME_IN_EVERY_LANGUAGE = re.compile(r"<(code|datalist|kbd|pre|script)\b.*?</\1>|Kalitrack", re.S)
NO_LANGUAGE = re.compile(
    r"\bms\b|\b\w+(?:\.json|_\w+)\b|^[a-z]+(?:-[a-z]+)+$"
)  # a unit, a file or a field, a class given to a layout
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
VALUE = "\0"  # where an expression stands
TELLING = {"notify", "flash"}


def literal(source: str) -> str:
    """What a template says by itself: no tag, no expression, no comment."""
    tokens = Environment().lex(source)  # noqa: S701 - lexed, never rendered
    return "".join(text if kind == "data" else VALUE for _line, kind, text in tokens)


def spoken(markup: str) -> Iterator[str]:
    """The texts and the spoken attributes of a page."""
    markup = SAME_IN_EVERY_LANGUAGE.sub("", markup)
    yield from SPOKEN.findall(markup)
    yield from re.split(r"<[^>]*>", re.sub(r"<!doctype[^>]*>", "", markup))


@each(TEMPLATES)
def test_every_word_of_a_template_is_marked_for_translation(template: str) -> None:
    source = literal((ROOT / template).read_text("utf-8"))
    texts = (unescape(text).replace(VALUE, " ").strip() for text in spoken(source))
    assert [text for text in texts if re.search(r"[^\W\d_]{2,}", NO_LANGUAGE.sub("", text))] == []


def test_msgids_are_english() -> None:
    ids = [
        text
        for message in catalog.extracted()
        for text in ([message.id] if isinstance(message.id, str) else message.id)
    ]
    assert [text for text in ids if PORTUGUESE.search(text) or WORDS.search(text)] == []


@each(sorted(set(SOURCES) - PLACES))
def test_no_code_says_something_in_portuguese_or_unmarked(source: str) -> None:
    tree = ast.parse((ROOT / source).read_text("utf-8"))
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    told_developers = docstrings(tree)
    sentences = [text for text in said if " " in text.strip() and text not in told_developers]
    assert [text for text in sentences if PORTUGUESE.search(text) or len(WORDS.findall(text)) > 1] == []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TELLING]
    assert [call.lineno for call in calls if call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr)] == []


def docstrings(tree: ast.Module) -> set[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {ast.get_docstring(node, clean=False) or "" for node in ast.walk(tree) if isinstance(node, kinds)}


@each(SCRIPTS)
def test_scripts_take_their_words_from_the_page(script: str) -> None:
    source = re.sub(r"//[^\n]*|/\*.*?\*/", "", (ROOT / script).read_text("utf-8"), flags=re.S)
    assert PORTUGUESE.findall(source) == []
    assert re.findall(r"(?:textContent|innerText|title|placeholder|ariaLabel)\s*=\s*[\"'`][A-Za-z]", source) == []


def words(texts: Iterator[str]) -> set[str]:
    return {word.lower() for text in texts for word in re.findall(r"[^\W\d_]{4,}", text)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_in_english_show_no_word_of_the_portuguese_catalogue(app: Flask, admin: Browser) -> None:
    messages = [message for message in catalog.read() if message.id]
    english = words(text for message in messages for text in flat(message.id))
    portuguese = words(text for message in messages for text in flat(message.string)) - english
    admin.set_cookie("locale", "en")
    paths = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    answers = {path: admin.get(path) for path in paths if not path.startswith("/api/")}
    pages = {path: answer.text for path, answer in answers.items() if answer.mimetype == "text/html"}
    assert len(pages) >= 6
    seen = {
        path: words(text for text in spoken(page) if "Português" not in text) & portuguese
        for path, page in pages.items()
    }
    assert {path: found for path, found in seen.items() if found} == {}


def flat(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text
