"""The forms in which a report is written, by the name of the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emulator.logic_apps.checker.findings import Report
from emulator.logic_apps.checker.reports import json_list, sarif, text

FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": text.render,
    "json": json_list.render,
    "sarif": sarif.render,
}
