"""The command line: ``python -m emulator COMMAND``."""

from __future__ import annotations

import typer

from emulator.cli import access, demo, deployment, expressions, lifecycle

app = typer.Typer(
    help="The Azure services that the retraining program uses, on this machine: no account, no cost.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(lifecycle.up)
app.command()(lifecycle.down)
app.command()(lifecycle.status)
app.command(hidden=True)(lifecycle.serve)
app.command()(access.env)
app.command()(access.token)
app.command()(deployment.preview)
app.command()(deployment.deploy)
app.command()(deployment.refresh)
app.command()(deployment.destroy)
app.command()(demo.demo)
app.command("eval")(expressions.evaluate)
