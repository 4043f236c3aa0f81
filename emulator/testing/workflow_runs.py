"""What tests do with a workflow: load it, run it on mocked answers, look at what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from emulator.logic_apps.standalone.mocks import Mocks, parse_mocks, read_mocks
from emulator.logic_apps.standalone.preparation import Prepared
from emulator.logic_apps.standalone.result import RunResult
from emulator.logic_apps.standalone.running import Options, Ran, prepared_for, run
from emulator.logic_apps.standalone.sources import Source, load

Watch = Callable[[Source, Prepared, Ran], None]
"""Is told of every firing of a trigger."""


class NotOneRunError(AssertionError):
    """A trigger started no run, or several, where a test asked for the one."""


class LoadedWorkflow:
    """A workflow as it stands in its file."""

    def __init__(self, source: Source, watch: Watch) -> None:
        self.source = source
        self._watch = watch

    @property
    def definition(self) -> Mapping[str, Any]:
        """The definition as it is written."""
        return self.source.definition

    def run(
        self,
        body: Any = None,
        *,
        trigger: str | None = None,
        outputs: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        mocks: Mapping[str, Any] | Path | None = None,
        strict: bool = True,
        network: httpx.AsyncBaseTransport | None = None,
    ) -> RunResult:
        """Fire a trigger and return the run that it started, when it is over.

        Args:
            body: the trigger's body.
            trigger: the trigger's name, where there are several.
            outputs: all outputs of the trigger, instead of a body.
            parameters: values of workflow parameters by name.
            mocks: a mock file, or its content.
            strict: a definition that Azure would refuse is not run.
            network: takes the calls that the mocks let through.

        Raises:
            NotOneRunError: the trigger did not fire, or splitOn started several runs: `fire` returns them.
            PreparationError: the definition cannot be run.
            MockError: the mocks are not valid or do not fit, or a call was made that nothing answers.
        """
        ran = self.fire(
            body,
            trigger=trigger,
            outputs=outputs,
            parameters=parameters,
            mocks=mocks,
            strict=strict,
            network=network,
        )
        if len(ran.runs) != 1:
            why = f": {ran.trigger_message}" if ran.trigger_message else ""
            raise NotOneRunError(f"the trigger {ran.trigger} ({ran.trigger_status}) started {len(ran.runs)} runs{why}")
        return ran.runs[0]

    def fire(
        self,
        body: Any = None,
        *,
        trigger: str | None = None,
        outputs: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        mocks: Mapping[str, Any] | Path | None = None,
        strict: bool = True,
        network: httpx.AsyncBaseTransport | None = None,
    ) -> Ran:
        """Fire a trigger and return what came of it: no run, one, or several; the arguments are those of `run`."""
        read = read_mocks(mocks) if isinstance(mocks, Path) else parse_mocks(dict(mocks or {}))
        given = outputs
        if given is None and body is not None:
            given = {"headers": {"Content-Type": "application/json"}, "body": body}
        options = Options(trigger, given, parameters or {}, strict=strict)
        prepared = prepared_for(self.source, read, options)
        ran = run(prepared, read, options, _network(read, network))
        self._watch(self.source, prepared, ran)
        fault = next((result.fault for result in ran.runs if result.fault), None)
        if fault is not None or (not ran.runs and ran.interrupted):
            raise UnansweredError(fault or ran.trigger_message or "the run was interrupted")
        return ran


class UnansweredError(AssertionError):
    """A run made a call that nothing answers."""


class WorkflowLoader:
    """The fixture ``workflow``."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def load(
        self,
        path: str | Path,
        workflow: str | None = None,
        template_parameters: Mapping[str, Any] | None = None,
    ) -> LoadedWorkflow:
        """Return the workflow at `path`: a file or folder of the kinds that ``python -m emulator run`` takes."""
        return LoadedWorkflow(load(Path(path), workflow, template_parameters), self._watch)

    def of(self, definition: Mapping[str, Any], name: str = "workflow") -> LoadedWorkflow:
        """Return a workflow that a test writes itself."""
        return LoadedWorkflow(Source(Path(name), name, definition), self._watch)


def _network(mocks: Mocks, network: httpx.AsyncBaseTransport | None) -> httpx.AsyncBaseTransport | None:
    return network or (httpx.AsyncHTTPTransport() if mocks.passthrough else None)
