"""Commands that deploy a Pulumi program on the emulator without the Pulumi CLI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from emulator import process
from emulator.cli.options import PROJECT, HomeOption, chosen_home, fail, reported_faults, terminal
from emulator.deployment_view import DeploymentView, summary_line
from emulator.home import DEFAULT_PORTS, Home
from emulator.pulumi.engine import Deployment, DeploymentError, Summary

StackOption = Annotated[str, typer.Option("--stack", "-s", help="The stack; its values are in Pulumi.<stack>.yaml.")]
ProjectOption = Annotated[
    Path,
    typer.Option(
        "--project", help="Folder of the Pulumi program.", show_default="this one", exists=True, file_okay=False
    ),
]
ConfigOption = Annotated[
    list[str] | None,
    typer.Option("--config", "-c", metavar="KEY=VALUE", help="A setting for this time; may be repeated."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def preview(
    stack: StackOption = "local", project: ProjectOption = PROJECT, config: ConfigOption = None, home: HomeOption = None
) -> None:
    """Show what a deployment would change, and change nothing."""
    _operate(Deployment.preview, stack, project, config, home, shows_changes=True)


def deploy(
    stack: StackOption = "local", project: ProjectOption = PROJECT, config: ConfigOption = None, home: HomeOption = None
) -> None:
    """Deploy the program, as pulumi up does; an interrupted deployment goes on where it stopped."""
    deployment = _operate(Deployment.up, stack, project, config, home, shows_changes=False)
    typer.echo("outputs:")
    for name, value in sorted(deployment.outputs().items()):
        typer.echo(f"  {name}: {value if isinstance(value, str) else json.dumps(value)}")


def output(stack: StackOption = "local", project: ProjectOption = PROJECT, home: HomeOption = None) -> None:
    """Print the stack's outputs as JSON, as pulumi stack output --json does."""
    with reported_faults(DeploymentError):
        found = Deployment(chosen_home(home), project, stack).outputs()
    typer.echo(json.dumps(dict(sorted(found.items())), indent=2))


def refresh(
    stack: StackOption = "local", project: ProjectOption = PROJECT, config: ConfigOption = None, home: HomeOption = None
) -> None:
    """Take over into the stack's state what the resources have become."""
    _operate(Deployment.refresh, stack, project, config, home, shows_changes=False)


def destroy(
    stack: StackOption = "local",
    project: ProjectOption = PROJECT,
    config: ConfigOption = None,
    yes: Yes = False,
    home: HomeOption = None,
) -> None:
    """Delete everything that the stack deployed, with the images and models in it."""
    if not yes:
        typer.confirm(f"Delete all resources of the stack {stack}, images and models too?", abort=True)
    _operate(Deployment.destroy, stack, project, config, home, shows_changes=False)


def _operate(
    operation: Callable[[Deployment], Summary],
    stack: str,
    project: Path,
    config: list[str] | None,
    home: Path | None,
    *,
    shows_changes: bool,
) -> Deployment:
    folder = chosen_home(home)
    console = terminal()
    with reported_faults(DeploymentError):
        if process.running_pid(folder) is None:
            raise fail(f"the emulator of {folder.root} is not running; start it with: python -m emulator up")
        view = DeploymentView(console.print, shows_changes=shows_changes)
        deployment = Deployment(folder, project, stack, {**_own_address(folder, stack), **_overrides(config)}, view)
        console.print(summary_line(operation(deployment)))
    return deployment


def _own_address(folder: Home, stack: str) -> dict[str, str]:
    """The file of the stack local names the default port; an emulator with ports of its own is not there."""
    configuration, _ = folder.load()
    if stack != "local" or configuration.ports["arm"] == DEFAULT_PORTS["arm"]:
        return {}
    return configuration.stack_settings()


def _overrides(config: list[str] | None) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for setting in config or []:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{setting!r} is not KEY=VALUE", param_hint="--config")
        overrides[key] = value
    return overrides
