"""Opens the addresses of images and exports that answers carry."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from emulator.custom_vision.backend import Backend
from emulator.custom_vision.image_files import content_type, thumbnail
from emulator.custom_vision.signed_urls import THUMBNAIL, parse_path


def open_blob(backend: Backend, path: str, query: Mapping[str, str]) -> Response:
    """Return the file of a signed address; 403 where the signature is wrong or expired, 404 where the file is gone."""
    found = parse_path(path)
    if found is None or not backend.urls.verify(path, query.get("se", ""), query.get("sig", ""), backend.clock.now()):
        return Response("AuthenticationFailed: the signature is wrong or has expired.", 403, media_type="text/plain")
    project, shelf, name, form = found
    try:
        data = backend.files.read(project, shelf, name)
    except FileNotFoundError:
        return Response("BlobNotFound: it was deleted.", 404, media_type="text/plain")
    if shelf == "exports":
        return Response(data, media_type="application/zip")
    if form == THUMBNAIL:
        return Response(thumbnail(data), media_type="image/jpeg")
    return Response(data, media_type=content_type(data))
