"""Expressions of the workflow definition language: parsed once, evaluated against a run."""

from emulator.logic_apps.expressions.conditions import Condition, compile_condition
from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.evaluation import Reference, Template, compile_template, evaluate
from emulator.logic_apps.expressions.tracing import evaluate_traced

__all__ = [
    "Condition",
    "Environment",
    "ExpressionError",
    "Json",
    "Reference",
    "Template",
    "compile_condition",
    "compile_template",
    "evaluate",
    "evaluate_traced",
]
