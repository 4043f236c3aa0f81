"""What differs between two property bags, as Pulumi's detailed diffs name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from emulator.pulumi.wire import ASSET, UNKNOWN, Properties, Value, signature

DifferenceKind = Literal["add", "delete", "update"]

_MISSING: Final = object()


@dataclass(frozen=True)
class Difference:
    """One property that differs.

    Attributes:
        path: where, as Pulumi writes it: ``sku.name``, ``rules[0].enabled``, ``tags["a.b"]``.
        kind: whether the property comes, goes or changes.
        old: the old value, None where there was none.
        new: the new value, None where there is none any more.
    """

    path: str
    kind: DifferenceKind
    old: Value
    new: Value

    def touches(self, path: str) -> bool:
        """Tell whether it lies at or below `path`, or replaces what `path` lies in."""
        return _below(self.path, path) or _below(path, self.path)


def compare(old: Properties, new: Properties, ignore: Iterable[str] = ()) -> list[Difference]:
    """Return what changes from `old` to `new` (both plain, unknown values allowed), members named ``__*`` left out."""
    ignored = tuple(ignore)
    return [
        difference
        for difference in _members("", old, new)
        if not difference.path.startswith("__") and not any(_below(difference.path, path) for path in ignored)
    ]


def keep(old: Properties, new: Properties, paths: Iterable[str]) -> Properties:
    """Return `new` with the values that `old` has at `paths` (Pulumi's ignoreChanges); what `old` lacks goes."""
    kept = new
    for path in paths:
        kept = _keep(old, kept, segments(path))
    return kept


def segments(path: str) -> list[str | int]:
    """Return the parts of a property path: ``a.b[0]["c.d"]`` is a, b, 0, c.d; the wildcard ``*`` is ``"*"``."""
    parts: list[str | int] = []
    for quoted, index, name in re.findall(r'\["([^"]*)"\]|\[(\d+|\*)\]|([^.\[\]]+)', path):
        if index:
            parts.append(index if index == "*" else int(index))
        else:
            parts.append(quoted or name)
    return parts


def _keep(old: Value, new: Value, parts: list[str | int]) -> Value:
    head, rest = parts[0], parts[1:]
    if isinstance(new, dict) and isinstance(old, dict):
        names = sorted(set(old) | set(new)) if head == "*" else [str(head)]
        merged = dict(new)
        for name in names:
            if rest:
                if name in old and name in new:
                    merged[name] = _keep(old[name], new[name], rest)
            elif name in old:
                merged[name] = old[name]
            else:
                merged.pop(name, None)
        return merged
    if isinstance(new, list) and isinstance(old, list):
        chosen = range(min(len(old), len(new))) if head == "*" else [head]
        items = list(new)
        for index in chosen:
            if isinstance(index, int) and index < min(len(old), len(new)):
                items[index] = _keep(old[index], new[index], rest) if rest else old[index]
        return items
    return new


def _members(path: str, old: Properties, new: Properties) -> Iterator[Difference]:
    for name in sorted(set(old) | set(new)):
        yield from _values(_join(path, name), old.get(name, _MISSING), new.get(name, _MISSING))


def _values(path: str, old: Value, new: Value) -> Iterator[Difference]:
    # A property that is None and one that is absent are the same to Pulumi.
    old, new = (_MISSING if value is None else value for value in (old, new))
    if old is _MISSING and new is _MISSING:
        return
    if old is _MISSING:
        yield Difference(path, "add", None, new)
    elif new is _MISSING:
        yield Difference(path, "delete", old, None)
    elif signature(old) == ASSET and signature(new) == ASSET:
        if _content(old) != _content(new):
            yield Difference(path, "update", old, new)
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _members(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else _MISSING
            right = new[index] if index < len(new) else _MISSING
            yield from _values(f"{path}[{index}]", left, right)
    elif old != new or isinstance(old, bool) != isinstance(new, bool) or new == UNKNOWN:
        yield Difference(path, "update", old, new)


def _content(asset: Properties) -> Value:
    return asset.get("hash") or {name: value for name, value in asset.items() if name != "hash"}


def _join(path: str, name: str) -> str:
    plain = re.fullmatch(r"[\w$-]+", name) is not None
    if not plain:
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name


def _below(path: str, outer: str) -> bool:
    parts, outer_parts = segments(path), segments(outer)
    return len(parts) >= len(outer_parts) and all(
        wanted in ("*", part) for part, wanted in zip(parts, outer_parts, strict=False)
    )
