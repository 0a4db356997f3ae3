"""The message catalogue: compiled at start into the data folder; `python -m app.core.i18n` keeps it complete."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
PORTUGUESE = ROOT / "translations" / "pt_BR" / "LC_MESSAGES" / "messages.po"
KEYWORDS: dict[str, Any] = dict.fromkeys(("_", "gettext", "lazy_gettext", "_l", "N_")) | {"ngettext": (1, 2)}


def compiled(source: Path, folder: Path) -> Path:
    """The directory, for Flask-Babel, that holds `source` compiled. It is named after the content, so that neither a
    clock nor another version of the product can leave a stale one; made whole in one rename."""
    content = source.read_bytes()
    directory = folder / "translations" / hashlib.sha256(content).hexdigest()[:16]
    target = directory / "pt_BR" / "LC_MESSAGES" / "messages.mo"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f"messages.{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, read_po(BytesIO(content), locale="pt_BR"))
        draft.replace(target)
    return directory


def extracted() -> Catalog:
    """Every string of app/ and templates/ that is marked for translation."""
    with (ROOT / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalog = Catalog()
    for folder in ("app", "templates"):
        found = extract_from_dir(ROOT / folder, mapping, options, KEYWORDS, comment_tags=("i18n:",))
        for _file, _line, message, comments, context in found:
            catalog.add(message, auto_comments=comments, context=context)
    return catalog


def untranslated(catalog: Catalog) -> list[str]:
    """The msgids without a complete, certain translation."""
    return [_singular(message) for message in catalog if message.id and not _is_complete(message)]


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _is_complete(message: Message) -> bool:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(texts) and not message.fuzzy


@contextmanager
def editing() -> Iterator[Catalog]:
    """The Portuguese catalogue, written back sorted and without locations: people add strings at the same time."""
    PORTUGUESE.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(PORTUGUESE.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        catalog = read()
        yield catalog
        draft = PORTUGUESE.with_suffix(".draft")
        with draft.open("wb") as file:
            # no header: it holds nothing but dates, and a date is a conflict in every merge
            write_po(
                file, catalog, width=120, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True
            )
        draft.replace(PORTUGUESE)
    finally:
        os.close(lock)


def read() -> Catalog:
    if not PORTUGUESE.exists():
        return Catalog(locale="pt_BR")
    with PORTUGUESE.open("rb") as file:
        return read_po(file, locale="pt_BR")


def update() -> list[str]:
    """Takes over new strings and drops gone ones; answers what is left to translate."""
    with editing() as catalog:
        catalog.update(extracted(), no_fuzzy_matching=True)
        return untranslated(catalog)


def fill(translations: dict[str, str | list[str]]) -> list[str]:
    """`update`, then sets translations by msgid (a list [one, many] for a plural); answers what is left."""
    with editing() as catalog:
        catalog.update(extracted(), no_fuzzy_matching=True)
        for msgid, text in translations.items():
            message = catalog.get(msgid)
            if message is None:
                print(f"not used anywhere: {msgid!r}", file=sys.stderr)
                continue
            message.string = text if isinstance(text, str) else tuple(text)
            message.flags.discard("fuzzy")
        return untranslated(catalog)


def command(arguments: list[str]) -> int:
    """`update`, or `fill < translations.json` ({"English": "Português", "%(num)d row": ["…", "…"]})."""
    match arguments:
        case ["update"]:
            left = update()
        case ["fill"]:
            left = fill(json.load(sys.stdin))
        case _:
            print("usage: python -m app.core.i18n update | fill < translations.json", file=sys.stderr)
            return 2
    for msgid in left:
        print(f"to translate: {msgid!r}")
    return 1 if left else 0
