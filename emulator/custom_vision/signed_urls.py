"""Addresses at which an image or an export can be opened without a key, for 24 hours.

The service hands out SAS addresses on a storage account of its own with such a life time; here they are on the
service's own port, below a first segment that no account can have.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from emulator.custom_vision.store.files import Shelf

SEGMENT: Final = "_blobs"
LIFETIME: Final = timedelta(hours=24)
THUMBNAIL: Final = "thumbnail"
_VERSION: Final = "2017-04-17"
_EXPIRY_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


class SignedUrls:
    """Makes and checks such addresses."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key.encode()

    def url(self, project: str, shelf: Shelf, name: str, now: datetime, form: str = "file") -> str:
        """Return the address of a file, or of its thumbnail where `form` is "thumbnail"."""
        path = f"{SEGMENT}/{project}/{shelf}/{name}/{form}"
        expiry = (now + LIFETIME).strftime(_EXPIRY_FORMAT)
        # By hand, as answers carry two for each of up to 256 images; names are GUIDs, at most with a suffix.
        query = f"sv={_VERSION}&sr=b&sig={self._signature(path, expiry)}&se={expiry.replace(':', '%3A')}&sp=r"
        return f"{self._base_url}/{path}?{query}"

    def verify(self, path: str, expiry: str, signature: str, now: datetime) -> bool:
        """Tell whether `path` may be read now with this expiry and signature."""
        try:
            ends = datetime.strptime(expiry, _EXPIRY_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return False
        return now < ends and hmac.compare_digest(self._signature(path, expiry).encode(), signature.encode())

    def _signature(self, path: str, expiry: str) -> str:
        return hmac.digest(self._key, f"{path}\n{expiry}\n{_VERSION}".encode(), "sha256").hex()


def parse_path(path: str) -> tuple[str, Shelf, str, str] | None:
    """Return project, shelf, name and form of such an address's path, or None."""
    parts = path.split("/")
    if len(parts) != 5 or parts[0] != SEGMENT:
        return None
    for shelf in get_args(Shelf):
        if shelf == parts[2]:
            return parts[1], shelf, parts[3], parts[4]
    return None
