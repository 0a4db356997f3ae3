"""One transparent pixel (white, in JPEG) of each type: what is served for a file that is not there."""

from __future__ import annotations

from base64 import b64decode

PNG, GIF, JPEG, WEBP = TYPES = ("image/png", "image/gif", "image/jpeg", "image/webp")
_DOTS = {
    PNG: b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="),
    GIF: b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    JPEG: b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1x"
        "eXBkeFxlZ2P/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAB//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AQH//2Q=="
    ),
    WEBP: b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
}
_BY_ENDING = {"png": PNG, "gif": GIF, "jpg": JPEG, "jpeg": JPEG, "webp": WEBP}


def of(file: str) -> tuple[str, bytes]:
    """Type and bytes, by the name's ending; a GIF for any other."""
    kind = _BY_ENDING.get(file.rpartition(".")[2].lower(), GIF)
    return kind, _DOTS[kind]
