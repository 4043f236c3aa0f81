"""The command that evaluates expressions of the workflow definition language on their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter

from emulator.cli.options import fail
from emulator.logic_apps.expressions import ExpressionError
from emulator.logic_apps.expressions import evaluate as evaluate_expression
from emulator.logic_apps.expressions.context import Context, ContextError
from emulator.logic_apps.expressions.functions import FUNCTIONS


def evaluate(
    expression: Annotated[
        str | None,
        typer.Argument(help="E.g. '@concat(1, parameters(''p''))'.", show_default="ask for one after the other"),
    ] = None,
    context: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with what the expression sees: params, variables, actions, trigger, item, items, iters, "
            "results, workflow; each may be left out.",
            dir_okay=False,
        ),
    ] = None,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch", help='Read lines {"expr", "environment"?} and write {"result"} or {"error"} for each, in order.'
        ),
    ] = False,
) -> None:
    """Evaluate an expression and print its value as JSON; exit status 1 when it has none."""
    seen = _read_context(context)
    if batch:
        for answer in answers(sys.stdin, seen):
            typer.echo(json.dumps(answer, ensure_ascii=False))
    elif expression is None:
        _converse(seen)
    else:
        try:
            typer.echo(json.dumps(evaluate_expression(expression, seen), ensure_ascii=False, indent=2))
        except ExpressionError as error:
            raise fail(_told(expression, error)) from error


def answers(lines: Iterable[str], default: Context) -> Iterator[dict[str, Any]]:
    """Yield an answer for each line that is not blank; a bad line is answered with what is wrong with it."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict) or "expr" not in asked or set(asked) - {"expr", "environment"}:
                raise ContextError('a line is {"expr": ..., "environment": {...}}, the environment may be left out')
            seen = Context.parse(asked["environment"]) if "environment" in asked else default
            yield {"result": evaluate_expression(asked["expr"], seen)}
        except ExpressionError as error:
            yield {"error": error.message}
        except (ContextError, ValueError, RecursionError) as error:
            yield {"error": f"line {number}: {error}"}


def _read_context(path: Path | None) -> Context:
    if path is None:
        return Context()
    try:
        return Context.parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ContextError) as error:
        raise fail(f"{path}: {error}") from error


def _told(expression: str, error: ExpressionError) -> str:
    if error.position is None or "\n" in expression:
        return error.message
    return f"{error.message}\n  {expression}\n  {' ' * error.position}^"


def _converse(seen: Context) -> None:
    names = sorted({function.name for function in FUNCTIONS.values()})
    session: PromptSession[str] = PromptSession("> ", completer=WordCompleter(names, ignore_case=True))
    typer.echo("An expression a line, e.g. @add(1,2); Tab completes functions, Ctrl-D ends.", err=True)
    while True:
        try:
            expression = session.prompt()
        except (EOFError, KeyboardInterrupt):
            return
        if expression.strip():
            try:
                typer.echo(json.dumps(evaluate_expression(expression, seen), ensure_ascii=False, indent=2))
            except ExpressionError as error:
                typer.echo(f"error: {_told(expression, error)}", err=True)
