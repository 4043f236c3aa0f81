"""What several commands have in common: their options, and how faults of the user's end a command."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from emulator.home import Home, HomeError
from emulator.process import EmulatorProcessError
from emulator.resource_manager import ResourceManagerError

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the emulator's state.",
        show_default=".emulator, or what EMULATOR_HOME names",
        file_okay=False,
    ),
]

_UNLIMITED_COLUMNS = 400

PROJECT = Path(__file__).resolve().parents[2]
"""The folder of the Pulumi program."""


def chosen_home(home: Path | None) -> Home:
    """Return the home that the option names, else the environment's."""
    return Home(home) if home is not None else Home.from_environment()


def terminal() -> Console:
    """Return the console; where nobody looks at a terminal, lines are as long as they need to be."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED_COLUMNS
    return console


def fail(message: str) -> typer.Exit:
    """Print `message` as an error; return what ends the command with status 1."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(1)


@contextlib.contextmanager
def reported_faults(*more: type[Exception]) -> Generator[None]:
    """Turn the emulator's own errors, and those of the types `more`, into a message and exit status 1."""
    try:
        yield
    except (HomeError, EmulatorProcessError, ResourceManagerError, *more) as error:
        raise fail(str(error)) from error
