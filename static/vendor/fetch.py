"""Fetches the exact vendored files from the npm registry and writes the icon sprite: `python static/vendor/fetch.py`."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
PACKAGES = {
    "htmx.org@2.0.11": {"dist/htmx.min.js": VENDOR / "htmx.min.js", "LICENSE": VENDOR / "licences/htmx.txt"},
    "@tabler/core@1.6.1": {
        "dist/css/tabler.min.css": VENDOR / "tabler.min.css",
        "dist/js/tabler.min.js": VENDOR / "tabler.min.js",
    },  # its package carries no licence file: licences/tabler.txt is written by hand from the file's own header
    "sortablejs@1.15.7": {
        "Sortable.min.js": VENDOR / "sortable.min.js",
        "LICENSE": VENDOR / "licences/sortablejs.txt",
    },
    "@tabler/icons@3.51.0": {"LICENSE": VENDOR / "licences/tabler-icons.txt"},
    "axe-core@4.14.1": {
        "axe.min.js": ROOT / "tests/browser/vendor/axe.min.js",
        "LICENSE": ROOT / "tests/browser/vendor/axe-core-LICENSE.txt",
    },
}
ICONS = """
activity adjustments-horizontal alarm affiliate alert-triangle archive arrow-down arrow-left arrow-right arrow-up bell bolt
brand-facebook brand-google brand-instagram brand-tiktok brand-whatsapp bug calendar calendar-due chart-bar check chevron-down
chevron-left chevron-right chevron-up circle-check circle-x clipboard-list clock cloud code columns-3 copy
device-desktop device-mobile dots-vertical download edit external-link eye eye-off file-text filter filter-off
git-merge grip-vertical hash heart-handshake help-circle history home inbox info-circle key language layout-dashboard layout-kanban link list lock
login logout mail mail-opened menu-2 message-circle message-2 moon photo player-pause player-play plug
plug-connected plus point-filled refresh report-analytics rotate-clockwise search send settings shield-check
shield-lock speakerphone sun sun-moon tag template thumb-down trash trophy upload user user-circle user-plus users webhook world x
""".split()


def unpack(package: str, folder: Path) -> tarfile.TarFile:
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    packed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    return tarfile.open(folder / Path(packed).name)


def member(archive: tarfile.TarFile, path: str) -> bytes:
    file = archive.extractfile(f"package/{path}")
    if file is None:
        raise SystemExit(f"{path} is not in the package")
    return file.read()


def symbol(name: str, svg: str) -> str:
    """One <symbol>; the empty bounding path and all attributes but geometry are dropped (currentColor comes from CSS)."""
    style = 'fill="currentColor"' if name.endswith("-filled") else ""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.index("</svg>")]
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", body)
    return f'<symbol id="{name}" viewBox="0 0 24 24" {style}>{"".join(line.strip() for line in body.splitlines())}</symbol>'


def read_icon(archive: tarfile.TarFile, name: str) -> str:
    folder, file = ("filled", name.removesuffix("-filled")) if name.endswith("-filled") else ("outline", name)
    return member(archive, f"icons/{folder}/{file}.svg").decode()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for package, files in PACKAGES.items():
            with unpack(package, Path(folder)) as archive:
                for source, target in files.items():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    content = member(archive, source)
                    target.write_bytes(content)
                    print(hashlib.sha256(content).hexdigest(), target.relative_to(ROOT), len(content))
                if package.startswith("@tabler/icons"):
                    symbols = "\n".join(symbol(name, read_icon(archive, name)) for name in ICONS)
                    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
                    (ROOT / "static/icons.svg").write_text(sprite.replace(" >", ">"))


if __name__ == "__main__":
    main()
