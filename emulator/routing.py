"""Routes that take any path: Starlette's own ``path`` knows no line break, which a path may hold (%0A)."""

from __future__ import annotations

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

ANY_PATH: Final = "/{path:anything}"
"""Matches every path. It stands last among an application's routes."""


class _Anything(Convertor[str]):
    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())
