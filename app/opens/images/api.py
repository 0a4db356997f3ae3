"""The API of images: /api/images."""

from __future__ import annotations

from app.core.access import current_actor
from app.core.api import Upload, current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.opens.images import service
from app.opens.images.addresses import addresses_of
from app.opens.images.models import Image
from app.opens.images.picture import MAX_BYTES, read_picture
from app.opens.images.schemas import ContentIn, ImageChange, ImageFilter, ImageIn, ImageOut, Removal

bp = resource_blueprint("api_images", __name__, "/images")


@bp.get("")
@endpoint(summary="List images", permission="opens.view", query=ImageFilter, answers={200: PageOf[ImageOut]})
def index(query: ImageFilter) -> PageOf[ImageOut]:
    """Sorts by createdAt, updatedAt, name, file, bytes; `q` finds parts of the name and the file."""
    found = service.search(current().account_id, text=query.q or "", sort=query.sort)
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    addresses = addresses_of(db.session(), current().account_id)
    return page.answer(lambda image: ImageOut.of(image, addresses))


@bp.post("")
@endpoint(
    summary="Upload an image",
    permission="images.edit",
    body=ImageIn,
    file="file",
    limit=MAX_BYTES,
    answers={201: ImageOut, 409: None},
)
def create(upload: Upload, body: ImageIn) -> ImageOut:
    """A PNG, GIF, JPEG or WebP image, told by its bytes: at most 5 MB, 4096 pixels a side and 200 frames. Metadata is
    taken out. Its name in the address comes from the name of the file, with the extension of its true type, and a
    number when there is one of that name."""
    db.session.rollback()  # drawing takes its time, and must hold no transaction open
    picture = read_picture(upload.content)
    with write():
        image = service.create(current_actor(), picture, given=upload.name, name=body.name)
    return shown(image)


@bp.get("/<id>")
@endpoint(summary="Get an image", permission="opens.view", answers={200: ImageOut})
def show(id: str) -> ImageOut:
    return shown(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(summary="Change an image", permission="images.edit", body=ImageChange, answers={200: ImageOut, 409: None})
def update(id: str, body: ImageChange) -> ImageOut:
    """Its name and whether it counts signed links only. Its content: PUT /api/images/{id}/content."""
    values = body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
    with presenting(Image, shown), write():
        image = service.change(current_actor(), to_uuid(id), values, version=body.version)
    return shown(image)


@bp.put("/<id>/content")
@endpoint(
    summary="Replace the content of an image",
    permission="images.edit",
    body=ContentIn,
    file="file",
    limit=MAX_BYTES,
    answers={200: ImageOut, 409: None},
)
def replace(id: str, upload: Upload, body: ContentIn) -> ImageOut:
    """The address stays, also when the new file is of another type: it is served as what it is."""
    service.get(current().account_id, to_uuid(id))
    db.session.rollback()
    picture = read_picture(upload.content)
    with presenting(Image, shown), write():
        image = service.replace(current_actor(), to_uuid(id), picture, version=body.version)
    return shown(image)


@bp.delete("/<id>")
@endpoint(summary="Delete an image", permission="images.edit", query=Removal, answers={204: None, 409: None})
def delete(id: str, query: Removal) -> None:
    """Its opens stay; mails that carry it show a transparent dot, and their opens go on being recorded."""
    with presenting(Image, shown), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


def shown(image: Image) -> ImageOut:
    return ImageOut.of(image, addresses_of(db.session(), image.account_id))
