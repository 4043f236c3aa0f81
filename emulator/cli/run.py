"""The command that runs one workflow definition on its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from emulator.logic_apps.standalone.mocks import MockError, Mocks, read_mocks
from emulator.logic_apps.standalone.preparation import PreparationError
from emulator.logic_apps.standalone.report import ran_lines, ran_object, succeeded
from emulator.logic_apps.standalone.running import Interruption, Options, Ran, prepared_for
from emulator.logic_apps.standalone.running import run as run_definition
from emulator.logic_apps.standalone.skeleton import skeleton
from emulator.logic_apps.standalone.sources import Source, SourceError, load, parameter_values, read_json

_USAGE = 2
_NOT_SUCCEEDED = 1


class Form(StrEnum):
    """How the result is printed."""

    TEXT = "text"
    JSON = "json"


def run(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A definition, Standard's workflow.json, a workflow resource, an ARM template, or a folder with "
            "definition.json or workflow.json.",
        ),
    ],
    mock: Annotated[Path | None, typer.Option(help="Mock file that answers actions and calls.")] = None,
    mock_skeleton: Annotated[
        bool, typer.Option("--mock-skeleton", help="Print a mock file with everything that asks for an answer.")
    ] = False,
    trigger: Annotated[str | None, typer.Option(help="The trigger to fire, where there are several.")] = None,
    trigger_body: Annotated[
        Path | None, typer.Option(help="JSON file with the trigger's body; - is standard input.", allow_dash=True)
    ] = None,
    trigger_outputs: Annotated[
        Path | None, typer.Option(help="JSON file with all outputs of the trigger: headers, queries, body.")
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(help="JSON file with values of workflow parameters, plain or as deployments have them."),
    ] = None,
    template_parameters: Annotated[
        Path | None, typer.Option(help="JSON file with values of an ARM template's parameters.")
    ] = None,
    workflow: Annotated[str | None, typer.Option(help="The workflow, where an ARM template has several.")] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(help="JSON file with bearer tokens by audience, for managed identities on the network."),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Inputs and outputs of every action, not only of failed ones.")
    ] = False,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="With a mock file, too, waits take as long as they say.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Do not run what Azure would refuse when it is saved.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How the result is printed.")] = Form.TEXT,
) -> None:
    """Run a workflow on its own and print what each action did; exit status 0 Succeeded, 1 not, 2 not run."""
    try:
        source = load(path, workflow, parameter_values(_json(template_parameters)))
        if mock_skeleton:
            typer.echo(json.dumps(skeleton(source), ensure_ascii=False, indent=2))
            return
        mocks = read_mocks(mock) if mock is not None else Mocks(passthrough=["*"], source="a mock file (--mock)")
        options = Options(
            trigger,
            _trigger_outputs(trigger_body, trigger_outputs),
            parameter_values(_json(parameters)),
            _tokens(tokens),
            real_time or mock is None,
            strict,
            None if mock is None else 0,
        )
        ran = _ran(source, mocks, options, told=form is Form.TEXT)
    except (SourceError, MockError, PreparationError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_USAGE) from error
    if form is Form.JSON:
        typer.echo(json.dumps(ran_object(ran), ensure_ascii=False, indent=2))
    else:
        for line in ran_lines(ran, trace=trace):
            typer.echo(line)
    if not succeeded(ran):
        raise typer.Exit(_NOT_SUCCEEDED)


def _ran(source: Source, mocks: Mocks, options: Options, *, told: bool) -> Ran:
    prepared = prepared_for(source, mocks, options)
    if told:
        for warning in prepared.warnings:
            typer.echo(f"warning: {warning}", err=True)
    network = httpx.AsyncHTTPTransport() if mocks.passthrough else None
    return run_definition(prepared, mocks, options, network, _on_interrupt)


def _on_interrupt(interruption: Interruption) -> None:
    """Let Ctrl-C cancel the run, so that what was done is told."""
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interruption.ask)


def _json(path: Path | None) -> Any:
    return None if path is None else read_json(path)


def _trigger_outputs(body: Path | None, outputs: Path | None) -> Mapping[str, Any] | None:
    if body is not None and outputs is not None:
        raise SourceError("--trigger-body and --trigger-outputs exclude each other")
    if outputs is not None:
        given = read_json(outputs)
        if not isinstance(given, dict):
            raise SourceError(f"{outputs}: the outputs of a trigger are an object such as {{'body': ...}}")
        return given
    if body is None:
        return None
    if str(body) != "-":
        return _with_body(read_json(body))
    try:
        return _with_body(json.load(sys.stdin))
    except ValueError as error:
        raise SourceError(f"standard input: not valid JSON: {error}") from error


def _with_body(body: Any) -> dict[str, Any]:
    return {"headers": {"Content-Type": "application/json"}, "body": body}


def _tokens(path: Path | None) -> dict[str, str]:
    given = _json(path)
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(token, str) for token in given.values()):
        raise SourceError(f"{path}: tokens are an object of texts: {{'AUDIENCE': 'TOKEN'}}")
    return given
