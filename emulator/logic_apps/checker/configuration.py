"""The configuration file of the linter, ``.workflowlint.toml``: which warnings do not count where, and why.

::

    [rules.address-in-definition]
    severity = "off"                # off, warning or error
    reason = "one environment only"

    [[ignore]]
    rule = "write-retried"
    files = "orders/*.json"         # below the file's folder; all where it is left out
    pointer = "/actions/Send*"      # JSON Pointer, * stands for anything; all where it is left out
    reason = "the receiver drops what it has seen"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from emulator.logic_apps.checker.rules import RULES, Rule, Severity

FILE_NAME: Final = ".workflowlint.toml"
_LEVELS: Final = ("off", "warning", "error")


class ConfigurationError(Exception):
    """A configuration file is not valid; the message names the file, the member and what is allowed."""


@dataclass(frozen=True)
class Ignore:
    """Problems that do not count: of a rule, in files and at pointers that match."""

    rule: str
    files: str
    pointer: str

    def covers(self, rule: Rule, file: str, pointer: str) -> bool:
        """Tell whether a problem does not count."""
        return rule.code == self.rule and fnmatchcase(file, self.files) and fnmatchcase(pointer, self.pointer)


@dataclass(frozen=True)
class Configuration:
    """What counts; `folder` is where the paths of `ignores` begin."""

    folder: Path
    levels: Mapping[str, str]
    ignores: tuple[Ignore, ...] = ()

    def severity(self, rule: Rule, file: Path, pointer: str) -> Severity | None:
        """Return how bad a problem of the rule is there, None where it does not count."""
        if rule.severity is Severity.ERROR:
            return Severity.ERROR
        name = file.resolve()
        within = name.relative_to(self.folder).as_posix() if name.is_relative_to(self.folder) else name.as_posix()
        if any(ignore.covers(rule, within, pointer) for ignore in self.ignores):
            return None
        level = self.levels.get(rule.code, rule.severity.value)
        return None if level == "off" else Severity(level)


def find_configuration(path: Path) -> Path | None:
    """Return the configuration file that is nearest above `path`, or None."""
    start = path.resolve()
    for folder in (start, *start.parents):
        file = folder / FILE_NAME
        if folder.is_dir() and file.is_file():
            return file
    return None


def read_configuration(path: Path | None) -> Configuration:
    """Return the configuration in a file; without one every rule counts.

    Raises:
        ConfigurationError: the file cannot be read or is not valid.
    """
    if path is None:
        return Configuration(Path.cwd(), {})
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    _only(path, "it", raw, ("rules", "ignore"))
    rules = _table(path, "rules", raw.get("rules", {}))
    ignores: Any = raw.get("ignore", [])
    if not isinstance(ignores, list):
        raise ConfigurationError(f"{path}: ignore is not a list of tables; write [[ignore]]")
    return Configuration(
        path.resolve().parent,
        {code: _level(path, code, table) for code, table in rules.items()},
        tuple(_ignore(path, index, table) for index, table in enumerate(ignores, 1)),
    )


def _level(path: Path, code: str, raw: Any) -> str:
    where = f"rules.{code}"
    table = _table(path, where, raw)
    _only(path, where, table, ("severity", "reason"))
    _changeable(path, where, code)
    level = _text(path, where, table, "severity")
    if level not in _LEVELS:
        raise ConfigurationError(f"{path}: {where}.severity is {level!r}; allowed: {', '.join(_LEVELS)}")
    _text(path, where, table, "reason")
    return level


def _ignore(path: Path, number: int, raw: Any) -> Ignore:
    where = f"ignore number {number}"
    table = _table(path, where, raw)
    _only(path, where, table, ("rule", "files", "pointer", "reason"))
    code = _text(path, where, table, "rule")
    _changeable(path, where, code)
    _text(path, where, table, "reason")
    files, pointer = table.get("files", "*"), table.get("pointer", "*")
    if not isinstance(files, str) or not isinstance(pointer, str):
        raise ConfigurationError(f"{path}: files and pointer of {where} have to be strings")
    return Ignore(code, files, pointer)


def _changeable(path: Path, where: str, code: str) -> None:
    rule = RULES.get(code)
    warnings = ", ".join(sorted(each.code for each in RULES.values() if each.severity is Severity.WARNING))
    if rule is None:
        raise ConfigurationError(
            f"{path}: {where} names the rule {code!r}, which does not exist; there are: {warnings}"
        )
    if rule.severity is Severity.ERROR:
        raise ConfigurationError(
            f"{path}: {where} names {code!r}, which is no warning: the service refuses it. Warnings are: {warnings}"
        )


def _table(path: Path, where: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: {where} has to be a table")
    return raw


def _only(path: Path, where: str, table: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in table:
        if name not in allowed:
            raise ConfigurationError(f"{path}: {where} has the member {name!r}; allowed: {', '.join(allowed)}")


def _text(path: Path, where: str, table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{path}: {where} needs a {name}, as a string that is not empty")
    return value
