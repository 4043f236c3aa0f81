"""Pages of long lists, as Azure Resource Manager cuts them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from emulator.arm.errors import ArmError

T = TypeVar("T")

PAGE_SIZE: Final = 1000
"""How many entries a page has at most; `$top` may ask for fewer.

https://learn.microsoft.com/rest/api/resources/resources/list
"""


def page(
    entries: Sequence[T],
    key: Callable[[T], str],
    shape: Callable[[T], dict[str, Any]],
    query: Mapping[str, str],
    url: str,
) -> dict[str, Any]:
    """Return the page that `query` asks for: ``{"value": [...][, "nextLink": ...]}``.

    `entries` are sorted by `key`; `shape` makes an entry's JSON; `url` is the list's address. A page begins after the
    key in ``$skiptoken``, so entries that come or go meanwhile neither repeat nor hide others.

    Raises:
        ArmError: 400 for a `$top` or `$skiptoken` that is none.
    """
    after = _decoded(query["$skiptoken"]) if "$skiptoken" in query else ""
    left = [entry for entry in entries if key(entry) > after]
    size = _size(query.get("$top"))
    answer: dict[str, Any] = {"value": [shape(entry) for entry in left[:size]]}
    if len(left) > size:
        token = base64.urlsafe_b64encode(key(left[size - 1]).encode()).decode()
        answer["nextLink"] = f"{url}?{urlencode({**query, '$skiptoken': token})}"
    return answer


def _size(top: str | None) -> int:
    if top is None:
        return PAGE_SIZE
    if not top.isdecimal() or not 1 <= int(top) <= PAGE_SIZE:
        raise ArmError(400, "InvalidTop", f"$top: '{top}' is not a number from 1 to {PAGE_SIZE}.", "$top")
    return int(top)


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise ArmError(
            400, "InvalidSkipToken", f"$skiptoken: '{token}' comes from no nextLink.", "$skiptoken"
        ) from error
