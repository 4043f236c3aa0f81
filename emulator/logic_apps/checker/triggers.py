"""Rules of triggers."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.checker.expressions import Use
from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.checker.references import check_parameter
from emulator.logic_apps.definitions.components import DefinitionError, Trigger, is_expression
from emulator.logic_apps.definitions.secure_data import READS_ACTION
from emulator.logic_apps.expressions.functions import FUNCTIONS
from emulator.logic_apps.triggers.recurrence import Recurrence
from emulator.logic_apps.triggers.trigger_checks import TRIGGER_CHECKS

_NOTHING_RAN = frozenset(name.lower() for name in READS_ACTION) | {
    "variables",
    "result",
    "item",
    "items",
    "iterationindexes",
}


def check(parts: Parts, problems: Problems) -> None:
    """Tell what is wrong with the triggers."""
    count = len(parts.definition.triggers)
    if parts.surroundings.one_trigger and count != 1:
        problems.add(
            "trigger-count", f"a Standard workflow has exactly one trigger; this one has {count}.", ("triggers",)
        )
    for trigger in parts.definition.triggers.values():
        _check_expressions(trigger, parts, problems)
        if trigger.sound:
            _check_variant(trigger, problems)
            _check_split_on(trigger, problems)
            _check_conditions(trigger, problems)
            _check_recurrence(trigger, problems)
            _check_runs(trigger, problems)
            _check_type(trigger, problems)


def _check_expressions(trigger: Trigger, parts: Parts, problems: Problems) -> None:
    where = f"the trigger '{trigger.name}'"
    for expression in parts.triggers[trigger.name]:
        for use in expression.uses():
            if use.function in _NOTHING_RAN:
                problems.add(
                    "trigger-reads-action",
                    f"{where} uses {use.call.function}(), but nothing ran before it.",
                    use.path,
                    use.call.position,
                    at_name=use.at_name,
                )
            elif "recurrence" in use.path and use.function != "parameters" and _of_run(use):
                problems.add(
                    "recurrence",
                    f"{where} uses {use.call.function}() in its recurrence, which sees parameters() alone.",
                    use.path,
                    use.call.position,
                    at_name=use.at_name,
                )
            check_parameter(where, use, parts, problems)


def _of_run(use: Use) -> bool:
    function = FUNCTIONS.get(use.function)
    return function is not None and function.of_run


def _check_variant(trigger: Trigger, problems: Problems) -> None:
    if trigger.kind == "request" and not trigger.raw.get("kind"):
        problems.add(
            "missing-member",
            f"the trigger '{trigger.name}' of type '{trigger.type}' needs a 'kind', e.g. Http.",
            trigger.path,
        )


def _check_split_on(trigger: Trigger, problems: Problems) -> None:
    written = trigger.raw.get("splitOn")
    if written is not None and not is_expression(written):
        problems.add(
            "wrong-type",
            f"the property 'splitOn' of the trigger '{trigger.name}' is {written!r}, which is not an expression.",
            (*trigger.path, "splitOn"),
        )


def _check_conditions(trigger: Trigger, problems: Problems) -> None:
    for index, expression in enumerate(trigger.conditions):
        if isinstance(expression, str) and not is_expression(expression):
            problems.add(
                "trigger-condition",
                f"the trigger '{trigger.name}' has the condition '{expression}', which is not an expression.",
                (*trigger.path, "conditions", index, "expression"),
            )


def _check_recurrence(trigger: Trigger, problems: Problems) -> None:
    recurrence: dict[str, Any] | None = trigger.raw.get("recurrence")
    if trigger.kind == "request" and recurrence is not None:
        problems.add(
            "recurrence",
            f"the trigger '{trigger.name}' of type '{trigger.type}' is called, so it has no recurrence.",
            (*trigger.path, "recurrence"),
        )
    if not isinstance(recurrence, dict):
        return
    path: Path = (*trigger.path, "recurrence")
    frequency, interval = recurrence.get("frequency"), recurrence.get("interval")
    longest = limits.LONGEST_INTERVALS.get(str(frequency).lower())
    if isinstance(interval, int) and longest is not None and interval > longest:
        problems.add(
            "recurrence-interval",
            f"the trigger '{trigger.name}' has the interval {interval}; with the frequency {frequency} it is at most "
            f"{longest}.",
            (*path, "interval"),
        )
    if any(is_expression(value) for value in recurrence.values()):
        return
    try:
        Recurrence.parse(recurrence)
    except (KeyError, ValueError) as error:
        problems.add("recurrence", f"the trigger '{trigger.name}' has a recurrence that is not valid: {error}.", path)


def _check_type(trigger: Trigger, problems: Problems) -> None:
    try:
        TRIGGER_CHECKS.get(trigger.kind, _no_rules)(trigger)
    except DefinitionError as error:
        problems.add(error.rule, error.told, (*trigger.path, *error.path))


def _no_rules(_: Trigger) -> None:
    """Check nothing."""


def _check_runs(trigger: Trigger, problems: Problems) -> None:
    if trigger.runs is not None and trigger.single_instance:
        problems.add(
            "trigger-concurrency",
            f"the trigger '{trigger.name}' has both SingleInstance and a concurrency of runs; only one of them is "
            f"allowed.",
            (*trigger.path, "operationOptions"),
        )
