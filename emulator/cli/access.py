"""Commands that give other programs access: the environment of the Pulumi CLI, bearer tokens."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer

from emulator.arm.applications import Applications
from emulator.arm.directory import Directory
from emulator.cli.options import HomeOption, chosen_home, reported_faults
from emulator.clock import SystemClock
from emulator.home import DEFAULT_PORTS
from emulator.identity import (
    ARM_AUDIENCES,
    COGNITIVE_SERVICES_AUDIENCES,
    LOG_ANALYTICS_AUDIENCES,
    MONITOR_AUDIENCES,
    STORAGE_AUDIENCES,
    Principal,
    TokenIssuer,
)
from emulator.pulumi.environment import environment
from emulator.resource_manager import deploying_person

_AUDIENCES = (
    *ARM_AUDIENCES,
    *STORAGE_AUDIENCES,
    *COGNITIVE_SERVICES_AUDIENCES,
    *MONITOR_AUDIENCES,
    *LOG_ANALYTICS_AUDIENCES,
)


def env(home: HomeOption = None) -> None:
    """Print what a shell needs for the plain Pulumi CLI: eval "$(python -m emulator env)"."""
    folder = chosen_home(home)
    with reported_faults():
        configuration, _ = folder.load()
        variables = environment(folder)
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if configuration.ports["arm"] != DEFAULT_PORTS["arm"]:
        options = " ".join(f"--config {key}={value}" for key, value in configuration.stack_settings().items())
        typer.echo(f"this emulator has ports of its own: add to pulumi up: {options}", err=True)


def token(
    audience: Annotated[
        str,
        typer.Option(
            help=f"Whom the token is for, one of: {', '.join(_AUDIENCES)}, or a storage account's blob endpoint."
        ),
    ],
    principal: Annotated[
        str | None,
        typer.Option(
            help="Object id of a managed identity (identity.principalId).", show_default="the person who deploys"
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print a bearer token of the emulator's issuer, valid for an hour."""
    with reported_faults():
        configuration, secrets = chosen_home(home).load()
    own = f"{configuration.url('storage')}/"
    if audience not in _AUDIENCES and not (audience.startswith(own) and audience != own):
        allowed = ", ".join((*_AUDIENCES, f"{own}ACCOUNT"))
        raise typer.BadParameter(f"{audience!r} is none of {allowed}", param_hint="--audience")
    who = deploying_person(configuration) if principal is None else Principal(principal, "ServicePrincipal", principal)
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    typer.echo(issuer.issue(who, audience))


def register(
    name: Annotated[str, typer.Argument(help="Name of the application, for example the workflow's.")],
    home: HomeOption = None,
) -> None:
    """Register an application, for ActiveDirectoryOAuth: print its ids, and its secret this once, as JSON."""
    folder = chosen_home(home)
    with reported_faults():
        configuration, _ = folder.load()
    directory = Directory(folder.database / "arm")
    applications = Applications(folder.database / "arm", directory)
    try:
        made = applications.register(name)
    finally:
        applications.close()
        directory.close()
    shown = {
        "tenant": configuration.tenant_id,
        "clientId": made.client_id,
        "secret": made.secret,
        "objectId": made.object_id,
    }
    typer.echo(json.dumps(shown, indent=2))
