"""Commands that start, end and describe the emulator."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Annotated, Any

import typer
from rich.table import Table

from emulator import process
from emulator.cli.options import HomeOption, chosen_home, fail, reported_faults, terminal
from emulator.custom_vision.limit_settings import LIMIT_NAMES, LimitError
from emulator.home import SERVICES, Home
from emulator.resource_manager import ResourceManager, data_endpoint
from emulator.server_options import ServerOptions, ServerOptionsError

OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help=f"A service to serve besides arm, one of: {', '.join(SERVICES)}; may be repeated.",
        show_default="all of them",
    ),
]
TimeScaleOption = Annotated[
    float,
    typer.Option(help="Share of Azure's time that a training takes: 0 (no longer than it has to) to 1 (minutes)."),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="TIER.NAME=NUMBER",
        help=f"A limit of Custom Vision made smaller, e.g. S0.imagesPerProject=100; may be repeated. "
        f"Names: {', '.join(LIMIT_NAMES)}.",
        show_default="as on Azure",
    ),
]
RoleDelayOption = Annotated[
    float, typer.Option(help="Seconds after which a role assignment counts; on Azure it takes up to 10 minutes.")
]


def up(
    home: HomeOption = None,
    port_base: Annotated[
        int | None,
        typer.Option(min=1024, max=65_000, help="First of six ports, settled when the emulator is first started."),
    ] = None,
    only: OnlyOption = None,
    time_scale: TimeScaleOption = 0,
    limit: LimitOption = None,
    role_delay: RoleDelayOption = 0,
) -> None:
    """Start the emulator in the background and return when every service answers."""
    folder = chosen_home(home)
    arguments = _options(only, time_scale, limit, role_delay).arguments()
    with reported_faults():
        started = process.start(folder, port_base, arguments)
        configuration, _ = folder.load()
    if arguments and not started:
        raise fail(f"the emulator of {folder.root} is running; end it before it is started with {' '.join(arguments)}")
    typer.echo("started" if started else "was running already")
    for service in process.running_services(folder):
        typer.echo(f"  {service:<14} {configuration.url(service)}")
    typer.echo(f"  state in {folder.root}, log in {folder.log}")


def down(home: HomeOption = None) -> None:
    """End the emulator; its state stays."""
    typer.echo("ended" if process.stop(chosen_home(home)) else "was not running")


def status(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show every service's address and every deployed resource; exit status 1 when the emulator is not running."""
    folder = chosen_home(home)
    with reported_faults():
        if process.running_pid(folder) is None:
            raise fail(f"the emulator of {folder.root} is not running; start it with: python -m emulator up")
        found = _describe(folder)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print_status(found)


def serve(
    home: HomeOption = None,
    only: OnlyOption = None,
    time_scale: TimeScaleOption = 0,
    limit: LimitOption = None,
    role_delay: RoleDelayOption = 0,
) -> None:
    """Run the emulator in the foreground until SIGINT or SIGTERM."""
    from emulator.server import Emulator

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines show whole URLs, signatures included
    options = _options(only, time_scale, limit, role_delay)
    with reported_faults():
        asyncio.run(Emulator(chosen_home(home), options=options).run())


def _options(only: list[str] | None, time_scale: float, limit: list[str] | None, role_delay: float) -> ServerOptions:
    try:
        return ServerOptions(only or (), time_scale, limit or (), role_delay)
    except (ServerOptionsError, LimitError) as error:
        raise fail(str(error)) from error


def _describe(folder: Home) -> dict[str, Any]:
    with ResourceManager(folder) as resource_manager:
        configuration = resource_manager.configuration
        return {
            "home": str(folder.root),
            "subscriptionId": configuration.subscription_id,
            "tenantId": configuration.tenant_id,
            "services": {name: configuration.url(name) for name in process.running_services(folder)},
            "resources": [
                {
                    "id": resource["id"],
                    "name": resource["name"],
                    "type": resource["type"],
                    "location": resource.get("location"),
                    "endpoint": data_endpoint(resource),
                }
                for resource in resource_manager.resources()
            ],
        }


def _print_status(found: dict[str, Any]) -> None:
    console = terminal()
    services = Table("Service", "Address", box=None, padding=(0, 2, 0, 0))
    for name, address in found["services"].items():
        services.add_row(name, address)
    console.print(services)
    resources = Table("Resource", "Type", "Endpoint", box=None, padding=(0, 2, 0, 0))
    for resource in found["resources"]:
        resources.add_row(resource["name"], resource["type"], resource["endpoint"] or "")
    console.print()
    console.print(resources if found["resources"] else "nothing is deployed; deploy with: python -m emulator deploy")
