"""The functions of the language, one module a group; importing this registers them all."""

from emulator.logic_apps.expressions.functions import (
    collection,
    conversion,
    date_time,
    form_data,
    logical,
    manipulation,
    math,
    reference,
    string,
    uri,
)
from emulator.logic_apps.expressions.functions.registry import FUNCTIONS, Function

__all__ = [
    "FUNCTIONS",
    "Function",
    "collection",
    "conversion",
    "date_time",
    "form_data",
    "logical",
    "manipulation",
    "math",
    "reference",
    "string",
    "uri",
]
