"""The command that checks workflow definitions before they are saved."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from emulator.logic_apps.checker.configuration import (
    FILE_NAME,
    Configuration,
    ConfigurationError,
    find_configuration,
    read_configuration,
)
from emulator.logic_apps.checker.linting import Target
from emulator.logic_apps.checker.linting import lint as lint_paths
from emulator.logic_apps.checker.reports import FORMATS
from emulator.logic_apps.checker.rules import Severity

_USAGE = 2


class Format(StrEnum):
    """The form of the report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def lint(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Definitions, ARM templates, workflow.json of Standard, workflow resources, or folders with them.",
            show_default=False,
        ),
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="How to tell what was found.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make the exit status 1 too.")] = False,
    target: Annotated[
        Target, typer.Option(help="azure: what Azure refuses; emulator: also what the emulator does not run.")
    ] = Target.AZURE,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration of the warnings.", show_default=f"the nearest {FILE_NAME} above each path"),
    ] = None,
) -> None:
    """Check workflow definitions: exit status 0 without errors, 1 with errors, 2 where it cannot be done."""
    try:
        report = lint_paths([(path, _configuration(path, config)) for path in paths], target)
    except ConfigurationError as error:
        raise _unusable(str(error)) from error
    rendered = FORMATS[format](report)
    sys.stdout.buffer.write(rendered.encode("utf-8", errors="backslashreplace"))
    sys.stdout.flush()
    failing = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    if any(report.count(severity) for severity in failing):
        raise typer.Exit(1)


def _configuration(path: Path, config: Path | None) -> Configuration:
    if not path.exists():
        raise _unusable(f"{path}: no such file or folder")
    return read_configuration(config if config is not None else find_configuration(path))


def _unusable(message: str) -> typer.Exit:
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(_USAGE)
