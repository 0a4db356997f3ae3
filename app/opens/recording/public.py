"""GET and HEAD of /image/<file> and /open.gif: the open is on disk before the image goes out, which it always does."""

from __future__ import annotations

import logging
import os
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, faults, metrics
from app.core.frontdoor import Answer, Environ, FrontDoor, Handler
from app.core.steps import Aside, Steps, Write
from app.opens.links import is_preview
from app.opens.recording import dots
from app.opens.recording.hit import Hit, read_hit
from app.opens.recording.judge import Load, judge
from app.opens.recording.library import KnownAccount, KnownImage, Library
from app.opens.recording.recorder import OpenRecorder
from app.opens.recording.replay import Replayer, pack
from app.opens.recording.spool import Spool

log = logging.getLogger(__name__)
PREFIX = "/image/"
DOT_PATH = "/open.gif"
COMMIT_S = 2.0  # how long an image waits for its commit
STUCK_S = 1.0  # how long nobody tries after a commit took longer
HEADERS = (
    ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),  # webmail shows it from elsewhere
)


class ImageRoute:
    """The handlers, with what one process shares among its requests."""

    def __init__(self, library: Library, spool: Spool, replayer: Replayer) -> None:
        self._library = library
        self._recorder = OpenRecorder(library)
        self._spool = spool
        self._replayer = replayer
        self._stuck_until = 0.0
        self._pid = 0
        self._headers: dict[str, list[tuple[str, str]]] = {}

    def register(self, door: FrontDoor) -> None:
        self._headers = {kind: door.dressed([("Content-Type", kind), *HEADERS]) for kind in dots.TYPES}
        methods: dict[str, Handler] = {"GET": self.get, "HEAD": self.head}
        door.add_prefix(PREFIX, methods)
        door.add([DOT_PATH], methods)

    def get(self, environ: Environ) -> Steps[Answer]:
        """Whatever happens, a newsletter shows no broken image."""
        path = _file(environ)
        try:
            if self._pid != os.getpid():
                self._prepare()
            return (yield from self._recorded(read_hit(environ, path), path))
        except Exception:
            log.exception("a load of an image could not be recorded")
            self._replayer.lose()
            return self._dot(path)

    def head(self, environ: Environ) -> Answer:
        """The same headers; mail scanners ask so. Not an open."""
        path = _file(environ)
        try:
            image = self._shown(read_hit(environ, path))
        except Exception:
            log.exception("the headers of an image could not be told")
            image = None
        return self._answer(image, path)

    def _shown(self, hit: Hit) -> KnownImage | None:
        try:
            account = self._library.account(hit.account_key, fresh=True)
            return self._library.image(account.id, hit.file, fresh=True) if account else None
        except SQLAlchemyError:
            return self._library.remembered(hit.account_key, hit.file)[1]

    def _recorded(self, hit: Hit, path: str) -> Steps[Answer]:
        library = self._library
        epoch = library.epoch
        try:
            account = library.account(hit.account_key)
            image = library.image(account.id, hit.file) if account else None
        except SQLAlchemyError:
            answer: Answer = yield Aside(partial(self._without_database, hit, path))
            return answer
        if account is None:
            return self._dot(path)
        if hit.preview and is_preview(account.signing, hit.file, hit.preview, hit.at):
            return self._answer(library.image(account.id, hit.file, fresh=True), path)
        load = judge(hit, account, image)
        if not (yield from self._commit(load)):
            yield Aside(partial(self._keep, hit, load))
        elif library.epoch != epoch:  # the configuration moved: the image may be another one now
            image = yield Aside(partial(self._now, account, hit.file, image))
        faults.point("before_image")
        return self._answer(image, path)

    def _commit(self, load: Load) -> Steps[bool]:
        """True when it is written."""
        if clock.monotonic() < self._stuck_until:
            return False
        try:
            if (yield Write(self._recorder, load, COMMIT_S)):
                return True
        except Exception as error:  # the writer has said what it was
            log.warning("an open goes to the spool: %s", type(error).__name__)
            return False
        load.is_given_up = True
        self._stuck_until = clock.monotonic() + STUCK_S
        return False

    def _without_database(self, hit: Hit, path: str) -> Answer:
        account, image = self._library.remembered(hit.account_key, hit.file)
        self._keep(hit, judge(hit, account, image) if account else None)
        return self._answer(image, path)

    def _keep(self, hit: Hit, load: Load | None) -> None:
        """Into the spool, when it is an open, or may be one."""
        if not hit.ref.text or (load is not None and load.verdict is None):
            return
        try:
            is_kept = self._spool.append(pack(hit, load))
        except OSError as error:
            log.error("the spool of opens cannot be written: %s", type(error).__name__)
            self._replayer.lose()
        else:
            metrics.count("opens_spooled" if is_kept else "opens_unrecorded")  # a full spool keeps count by itself
            self._replayer.start()

    def _now(self, account: KnownAccount, file: str, before: KnownImage | None) -> KnownImage | None:
        try:
            return self._library.image(account.id, file)
        except SQLAlchemyError:
            return before

    def _prepare(self) -> None:
        """Once in the process that serves: the spool is allocated while there is room for it, and what a process that
        was killed left in it goes on its way, also on a host without a ticker."""
        self._pid = os.getpid()
        try:
            self._spool.prepare()
            if not self._spool.is_empty():
                self._replayer.start()
        except OSError as error:
            log.error("the spool of opens cannot be made: %s", type(error).__name__)

    def _answer(self, image: KnownImage | None, path: str) -> Answer:
        if image is None:
            return self._dot(path)
        return Answer(200, image.content, self._headers[image.content_type], is_dressed=True)

    def _dot(self, path: str) -> Answer:
        """1×1 and transparent, of the type that was asked for."""
        kind, content = dots.of(path)
        return Answer(200, content, self._headers[kind], is_dressed=True)


def _file(environ: Environ) -> str:
    """What follows the prefix; a slash too many is not worth a broken image."""
    path: str = environ["PATH_INFO"]
    return path.lstrip("/").removeprefix(PREFIX[1:]).lstrip("/")
