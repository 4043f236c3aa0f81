"""The command line: ``python -m emulator COMMAND``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Final = {
    "up": "lifecycle.up",
    "down": "lifecycle.down",
    "status": "lifecycle.status",
    "serve": "lifecycle.serve",
    "env": "access.env",
    "token": "access.token",
    "register": "access.register",
    "preview": "deployment.preview",
    "deploy": "deployment.deploy",
    "refresh": "deployment.refresh",
    "destroy": "deployment.destroy",
    "output": "deployment.output",
    "demo": "demo.demo",
    "run": "run.run",
    "eval": "expressions.evaluate",
    "lint": "lint.lint",
}
"""Each command, in the order of the help, and the function of this package that does it."""
_HIDDEN: Final = frozenset({"serve"})


class _Commands(TyperGroup):
    """Imports a command's module only when it is asked for: some bring machine learning along, which takes seconds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].split(".")
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(cmd_name, hidden=cmd_name in _HIDDEN)(getattr(import_module(f"{__name__}.{module}"), function))
        return get_command(alone)


app = typer.Typer(
    cls=_Commands,
    help="The Azure services that the retraining program uses, on this machine: no account, no cost.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _main() -> None:
    """Take no options but those of the commands."""
