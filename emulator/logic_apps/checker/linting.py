"""Checks files and folders: reads them, looks for problems, and finds where in the files they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Final

from emulator.logic_apps.checker.advice import advise
from emulator.logic_apps.checker.configuration import Configuration
from emulator.logic_apps.checker.definitions import check
from emulator.logic_apps.checker.documents.files import read_source
from emulator.logic_apps.checker.documents.includes import Assembly
from emulator.logic_apps.checker.documents.json_reader import Node
from emulator.logic_apps.checker.documents.places import Place, locate
from emulator.logic_apps.checker.documents.source import DocumentError, Source
from emulator.logic_apps.checker.documents.workflows import (
    FORMS,
    Deployed,
    Workflow,
    is_template,
    value_of,
    workflows_in,
)
from emulator.logic_apps.checker.findings import Finding, Report, Summary
from emulator.logic_apps.checker.parameters import check_values
from emulator.logic_apps.checker.problems import Path, Problem, Problems
from emulator.logic_apps.checker.resources import check_resource
from emulator.logic_apps.checker.rules import RULES, Rule
from emulator.logic_apps.definitions.catalogue import EMULATED

_SIGNS: Final = ("workflowdefinition.json", "microsoft.logic/workflows", '"actions"', '"triggers"')
"""In lower case: a file that holds a workflow has one of them."""
_LEFT_OUT: Final = frozenset({"node_modules", "__pycache__"})
"""Folders that are not looked into, beside hidden ones."""


class Target(StrEnum):
    """For what a definition is checked: Azure, or the emulator, which runs less."""

    AZURE = "azure"
    EMULATOR = "emulator"


class Linter:
    """Checks one path after the other and collects what it finds."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._findings: dict[tuple[object, ...], Finding] = {}
        self._workflows = self._files = self._skipped = self._deferred = 0

    def report(self) -> Report:
        """Return everything that was found so far, by file and place."""
        found = sorted(
            self._findings.values(), key=lambda each: (str(each.file), each.line, each.column, each.rule.code)
        )
        return Report(found, Summary(self._workflows, self._files, self._skipped, self._deferred))

    def lint(self, path: FilePath, configuration: Configuration) -> None:
        """Check a file, or every file below a folder that holds a workflow."""
        if path.is_dir():
            unreadable: list[OSError] = []
            for file in _json_files(path, unreadable):
                self._lint_file(file, configuration, named=False)
            for error in unreadable:
                self._add_unreadable(FilePath(error.filename or path), error, configuration)
        else:
            self._lint_file(path, configuration, named=True)

    def _lint_file(self, path: FilePath, configuration: Configuration, *, named: bool) -> None:
        """`named` tells that the user named the file, so that it has to be a workflow."""
        assembly = Assembly()
        try:
            if not named and not _looks_like_workflow(path):
                self._skipped += 1
                return
            root = assembly.read(path)
        except OSError as error:
            self._add_unreadable(path, error, configuration)
            return
        except DocumentError as error:
            for fault in (*assembly.faults, error):
                self._add_fault(fault, configuration)
            return
        found = list(workflows_in(root, path))
        if not found and not named:
            self._skipped += 1
            return
        for fault in assembly.faults:
            if fault.code != "json-comment" or not is_template(root):
                self._add_fault(fault, configuration)
        if not found:
            reason = f"the file holds no workflow; it has to be {FORMS}."
            self._add_fault(DocumentError("no-workflow", reason, root.source, root.begin), configuration)
            return
        self._files += 1
        for workflow in found:
            if isinstance(workflow, Deployed):
                self._deferred += 1
            else:
                self._workflows += 1
                self._lint_workflow(workflow, root, configuration)

    def _lint_workflow(self, workflow: Workflow, root: Node, configuration: Configuration) -> None:
        raw = value_of(workflow.definition, template=workflow.template)
        parts, problems = check(raw, workflow.catalogue, workflow.surroundings)
        if workflow.resource is not None:
            resource = value_of(workflow.resource[0], template=workflow.template)
            outer = Problems()
            check_resource(resource, workflow.resource[1], outer)
            values = resource["properties"].get("parameters")
            if isinstance(values, dict):
                check_values(parts.definition, values, (*workflow.path[:-1], "parameters"), outer)
            for problem in outer:
                self._add(problem, (), root, configuration)
        if self._target is Target.EMULATOR:
            _, limits_of_ours = check(raw, EMULATED, workflow.surroundings)
            for problem in limits_of_ours:
                if problem.rule.code == "not-emulated":
                    self._add(problem, workflow.path, root, configuration)
        for problem in (*problems, *advise(parts)):
            if problem.rule.code != "not-emulated":
                self._add(problem, workflow.path, root, configuration)

    def _add_unreadable(self, path: FilePath, error: OSError, configuration: Configuration) -> None:
        reason = f"it cannot be read: {error.strerror or error}."
        self._add_fault(DocumentError("unreadable", reason, Source(path, ""), 0), configuration)

    def _add(self, problem: Problem, base: Path, root: Node, configuration: Configuration) -> None:
        """`base` leads from the root to where the problem's path begins."""
        place = locate(root, (*base, *problem.path), problem.offset, at_name=problem.at_name)
        self._tell(problem.rule, problem.message, place, configuration)

    def _add_fault(self, fault: DocumentError, configuration: Configuration) -> None:
        self._tell(RULES[fault.code], fault.message, Place(fault.source, fault.offset, 1, ""), configuration)

    def _tell(self, rule: Rule, message: str, place: Place, configuration: Configuration) -> None:
        file = place.source.path
        severity = configuration.severity(rule, file, place.pointer)
        if severity is None:
            return
        line, column = place.source.place(place.offset)
        text = place.source.line(line)
        length = max(1, min(place.length, len(text) - column + 1))
        finding = Finding(file, line, column, length, place.pointer, severity, rule, message, text)
        self._findings.setdefault((file, line, column, rule.code, message), finding)


def lint(paths: Iterable[tuple[FilePath, Configuration]], target: Target) -> Report:
    """Check files and folders, each with its configuration."""
    linter = Linter(target)
    for path, configuration in paths:
        linter.lint(path, configuration)
    return linter.report()


def _json_files(folder: FilePath, unreadable: list[OSError]) -> Iterator[FilePath]:
    """Yield the JSON files below a folder; links to folders are not followed, so that no circle can hold us.

    Folders that cannot be listed are added to `unreadable`.
    """
    for root, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _LEFT_OUT)
        for name in sorted(files):
            if name.lower().endswith(".json"):
                yield FilePath(root, name)


def _looks_like_workflow(path: FilePath) -> bool:
    try:
        text = read_source(path)[0].text
    except DocumentError as error:
        text = error.source.text
    lowered = text.lower()
    return any(sign in lowered for sign in _SIGNS)
