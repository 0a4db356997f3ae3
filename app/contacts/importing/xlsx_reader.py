"""Reads an XLSX file and writes it as CSV: a program of its own, which the system kills before it takes too much.

    python -I xlsx_reader.py <xlsx> <csv>

Its last line says how it ended, as JSON. It imports nothing of the app, so that it starts at once."""

import csv
import json
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta

MEMORY = 1_200_000_000  # bytes of address space, for a sheet of 200,000 rows and 30 columns
CPU_S = 60
MAX_FILE = 500_000_000  # bytes of what is written
MAX_UNZIPPED = 300_000_000
MAX_PARTS = 2_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_RATIO = 200  # unzipped to zipped, of parts of over a megabyte: real sheets have 10 to 40
BEGINNING = 4_096
EXACT_BELOW = 10**15  # XLSX keeps numbers as doubles


class Refused(Exception):
    pass


def main(source: str, target: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        check(source)
        said: dict[str, object] = {"rows": convert(source, target)}
    except Refused as error:
        said = {"refused": str(error)}
    except zipfile.BadZipFile:
        said = {"refused": "broken"}
    except MemoryError:
        said = {"refused": "memory"}
    print(json.dumps(said))


def check(source: str) -> None:
    """Before anything is unpacked: by the directory of the archive, and the beginnings of its parts."""
    with zipfile.ZipFile(source) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED:
            raise Refused("large")
        for part in parts:
            if part.file_size > 1_000_000 and part.file_size > MAX_RATIO * max(1, part.compress_size):
                raise Refused("bomb")
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as stream:
                    beginning = stream.read(BEGINNING).replace(b"\0", b"").upper()
                if b"<!DOCTYPE" in beginning or b"<!ENTITY" in beginning:
                    raise Refused("entities")
        if not any(part.filename.endswith("workbook.xml") for part in parts):
            raise Refused("broken")


def convert(source: str, target: str) -> int:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(source)
        sheet = next((one for one in map(book.get_sheet_by_name, book.sheet_names) if one.height), None)
    except MemoryError:
        raise
    except Exception:
        raise Refused("broken") from None
    if sheet is None:
        return 0
    if sheet.height > MAX_ROWS + 1:
        raise Refused("rows")
    if sheet.width > MAX_COLUMNS:
        raise Refused("columns")
    rows = 0
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in sheet.iter_rows():
            cells = [text_of(cell) for cell in row]
            if any(cells):
                writer.writerow(cells)
                rows += 1
    return rows


def text_of(cell: object) -> str:
    """As people would type it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT_BELOW else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell).strip()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
