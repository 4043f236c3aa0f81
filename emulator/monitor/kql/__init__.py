"""Kusto Query Language, translated to DuckDB's SQL: the operators and functions that log queries here are made of.

What is not translated is an error that names it and its place; nothing is skipped. Source of the language: "Kusto Query
Language" (learn.microsoft.com).
"""

from emulator.monitor.kql.compilation import Column, Query, Source, compile_query
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.types import Type

__all__ = ["Column", "KqlError", "Query", "Source", "Type", "compile_query"]
