"""The pytest plugin: ``pytest_plugins = ["emulator.testing.plugin"]`` in a conftest.py, or ``-p``.

Fixtures ``workflow`` and ``workflow_coverage``; options ``--workflow-coverage``, ``--workflow-coverage-fail-under``,
``--workflow-coverage-json``. With pytest-xdist the processes' coverage is joined.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.standalone.preparation import Prepared, readable
from emulator.logic_apps.standalone.report import ran_lines
from emulator.logic_apps.standalone.running import Ran
from emulator.logic_apps.standalone.sources import Source, SourceError, load
from emulator.testing.coverage import Coverage
from emulator.testing.coverage_report import lines, to_object
from emulator.testing.workflow_runs import WorkflowLoader

_COVERAGE = pytest.StashKey[Coverage]()
_RUNS = pytest.StashKey[list[Ran]]()
_WORKER = "workflow_coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("workflow", "tests of workflows")
    group.addoption(
        "--workflow-coverage",
        action="append",
        default=[],
        metavar="PATH",
        help="report how much of this workflow is reached, or of every workflow in the folders of this folder; without "
        "it of those that the tests run",
    )
    group.addoption(
        "--workflow-coverage-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail when less of the actions and branches is reached",
    )
    group.addoption("--workflow-coverage-json", type=Path, metavar="FILE", help="write the report as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing reached."""
    coverage = config.stash[_COVERAGE] = Coverage()
    wanted: list[str] = config.getoption("workflow_coverage") or []
    for path in wanted:
        for source in _sources(Path(path)):
            coverage.want(source.name, source.path, readable(source.definition))
    config.pluginmanager.register(_Joining(coverage), "workflow-coverage-joining")


@pytest.fixture
def workflow(request: pytest.FixtureRequest) -> WorkflowLoader:
    """Load workflows and run them on mocked answers; a failing test shows what the runs did."""
    runs = request.node.stash.setdefault(_RUNS, [])
    coverage = request.config.stash[_COVERAGE]

    def watch(source: Source, prepared: Prepared, ran: Ran) -> None:
        runs.append(ran)
        for result in ran.runs:
            records = [each.record for action in result.actions.values() for each in action.repetitions]
            coverage.add(source.name, source.path, prepared.definition, records, result.iterations)

    return WorkflowLoader(watch)


@pytest.fixture(scope="session")
def workflow_coverage(pytestconfig: pytest.Config) -> Coverage:
    """The session's coverage, for tests that run workflows in other ways."""
    return pytestconfig.stash[_COVERAGE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the runs of a test that fails."""
    report = yield
    if report.when == "call" and report.failed:
        for ran in item.stash.get(_RUNS, []):
            report.sections.append(("workflow run", "\n".join(ran_lines(ran))))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's coverage over; where all is joined, write it and judge it."""
    config = session.config
    coverage = config.stash[_COVERAGE]
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[_WORKER] = coverage.to_json()
        return
    file: Path | None = config.getoption("workflow_coverage_json")
    if file is not None:
        file.write_text(json.dumps(to_object(coverage), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if _falls_short(config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report."""
    coverage = config.stash[_COVERAGE]
    if not coverage.workflows or config.option.collectonly:
        return
    terminalreporter.section("workflow coverage")
    for line in lines(coverage):
        terminalreporter.line(line)
    if _falls_short(config):
        least = config.getoption("workflow_coverage_fail_under")
        terminalreporter.line(f"FAIL: {coverage.percent:.2f} % of the actions and branches, not {least:g} %", red=True)


def _falls_short(config: pytest.Config) -> bool:
    least: float | None = config.getoption("workflow_coverage_fail_under")
    coverage = config.stash[_COVERAGE]
    return least is not None and not config.option.collectonly and coverage.percent < least


class _Joining:
    """Takes over what the workers of pytest-xdist hand over."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Join the coverage of a worker that is done."""
        self._coverage.join((getattr(node, "workeroutput", None) or {}).get(_WORKER, {}))


def _sources(path: Path) -> list[Source]:
    """Return the workflow at `path`, or those of its folders."""
    try:
        if path.is_dir() and not any((path / name).is_file() for name in ("definition.json", "workflow.json")):
            found = sorted({*path.glob("*/definition.json"), *path.glob("*/workflow.json")})
            if not found:
                raise pytest.UsageError(f"--workflow-coverage: {path}: no workflow in its folders")
            return [load(each.parent) for each in found]
        return [load(path)]
    except SourceError as error:
        raise pytest.UsageError(f"--workflow-coverage: {error}") from error
