"""Runs one prepared definition in this process: no port, no other service, no state left behind."""

from __future__ import annotations

import asyncio
import random
import secrets
import tempfile
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from emulator.arm.errors import ArmError
from emulator.clock import Clock, SystemClock
from emulator.logic_apps.data_plane.access_control import AccessControl
from emulator.logic_apps.data_plane.signatures import workflow_guid
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.definitions.secure_data import SecureData
from emulator.logic_apps.history.database import Database
from emulator.logic_apps.history.records import TriggerRecord
from emulator.logic_apps.history.run_history import RunHistory
from emulator.logic_apps.history.run_store import RunStore
from emulator.logic_apps.history.trigger_histories import TriggerHistories
from emulator.logic_apps.http.http_calls import HttpCalls
from emulator.logic_apps.runs.execution import Handler
from emulator.logic_apps.runs.runs import Runs, StartedRun, Workflow
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.runs.stamps import moment_of, stamp
from emulator.logic_apps.standalone.mocked_actions import mocked_handlers
from emulator.logic_apps.standalone.mocks import Mocks
from emulator.logic_apps.standalone.needs import check_answered
from emulator.logic_apps.standalone.preparation import PreparationError, Prepared, not_emulated, prepare, with_trigger
from emulator.logic_apps.standalone.result import RunResult, action_results
from emulator.logic_apps.standalone.session import Caller, Session
from emulator.logic_apps.standalone.sources import Source
from emulator.logic_apps.standalone.surroundings import runtime_of
from emulator.logic_apps.standalone.tokens import EveryIdentity, GivenAuthenticator, GivenTokens
from emulator.logic_apps.standalone.transport import MockedTransport
from emulator.logic_apps.standalone.virtual_time import VirtualClock
from emulator.logic_apps.triggers.triggers import Triggers

_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/Microsoft.Logic"
_LOCATION = "eastus"
_CONNECTIONS = httpx.Limits(max_connections=100)


@dataclass(frozen=True)
class Options:
    """How a definition is run.

    Attributes:
        trigger: the trigger to fire, None for the only one.
        trigger_outputs: what it gives; None for what the mocks say, and nothing else.
        parameters: values of workflow parameters by name.
        tokens: tokens of managed identities for calls on the network, by audience.
        real_time: waits take as long as they say; else they pass at once.
        strict: what Azure would refuse is not run.
        seed: of rand(), guid() and the pauses before retries; None for another one each time.
    """

    trigger: str | None = None
    trigger_outputs: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tokens: Mapping[str, str] = field(default_factory=dict[str, str])
    real_time: bool = False
    strict: bool = False
    seed: int | None = 0


@dataclass(frozen=True)
class Ran:
    """What came of firing a trigger: no run where its conditions do not hold, several with splitOn.

    `trigger_status` is Succeeded, Skipped or Failed, `trigger_message` says why it did not fire.
    """

    trigger: str
    trigger_status: str
    trigger_message: str | None
    runs: Sequence[RunResult]
    warnings: Sequence[str] = ()
    interrupted: bool = False


class Interruption:
    """Lets a run be cancelled from outside: Ctrl-C."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    async def wait(self) -> None:
        """Wait until it is asked for."""
        await self._asked.wait()

    def ask(self) -> None:
        """Ask for it."""
        self._asked.set()


def prepared_for(source: Source, mocks: Mocks, options: Options) -> Prepared:
    """Return the definition ready to run, everything checked that can be before it runs.

    Raises:
        PreparationError: it cannot be run.
        MockError: the mocks do not fit it.
    """
    prepared = prepare(source, mocks, options.parameters, strict=options.strict)
    if mocks.passthrough:
        _check_emulated(prepared)
    with_trigger(prepared, options.trigger or mocks.trigger.name)
    check_answered(source.definition, mocks)
    return prepared


def _check_emulated(prepared: Prepared) -> None:
    """Refuse what the emulator does not do and would quietly leave out of calls on the network."""
    missing = not_emulated(prepared.definition)
    if missing:
        raise PreparationError(f"{prepared.source.path}: {'; '.join(missing)}")


def run(
    prepared: Prepared,
    mocks: Mocks,
    options: Options,
    network: httpx.AsyncBaseTransport | None = None,
    interruption: Callable[[Interruption], None] | None = None,
) -> Ran:
    """Fire a trigger and run to the end; `network` takes the calls that the mocks let through.

    `interruption` is given what cancels the run. Where an event loop runs already, the run gets a thread of its own.
    """
    virtual = None if options.real_time else VirtualClock(mocks.now)
    factory = virtual.new_event_loop if virtual is not None else None

    def work() -> Ran:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(_ran(prepared, mocks, options, virtual or SystemClock(), network, interruption))

    return _in_thread(work) if _loop_runs() else work()


async def _ran(
    prepared: Prepared,
    mocks: Mocks,
    options: Options,
    clock: Clock,
    network: httpx.AsyncBaseTransport | None,
    interruption: Callable[[Interruption], None] | None,
) -> Ran:
    session = Session(mocks, _secured(prepared, with_trigger(prepared, options.trigger or mocks.trigger.name)))
    interrupted = Interruption()
    if interruption is not None:
        interruption(interrupted)
    source = random.Random(secrets.randbits(128) if options.seed is None else options.seed)
    transport = MockedTransport(session, clock, network)
    with tempfile.TemporaryDirectory(prefix="workflow-run-") as folder, _database(Path(folder)) as database:
        async with httpx.AsyncClient(
            transport=transport, limits=_CONNECTIONS, trust_env=False, follow_redirects=False
        ) as client:
            calls = HttpCalls(client, GivenAuthenticator(GivenTokens(options.tokens), client, clock), clock)
            runtime = runtime_of(RunStore(database), TriggerHistories(database, clock), clock, calls, source)
            handlers = mocked_handlers(session, prepared.definition, prepared.invalid)
            runs = _RememberedRuns(runtime, handlers)
            firing = _Firing(prepared, mocks, options, session, runtime, RunHistory(database, clock), runs)
            try:
                return await firing.fire(interrupted)
            finally:
                await runs.stop()


def _secured(prepared: Prepared, trigger: str) -> frozenset[str]:
    """Return the lower-case names of the actions of which something is secured."""
    definition = prepared.definition
    secure = SecureData(definition, definition.trigger(trigger))
    return frozenset(name for name, action in definition.index.items() if secure.hidden(action))


class _RememberedRuns(Runs):
    """Remembers the runs that were begun, in their order."""

    def __init__(self, runtime: Runtime, handlers: Mapping[str, Handler]) -> None:
        super().__init__(runtime, handlers)
        self.begun: list[StartedRun] = []

    def begin(self, workflow: Workflow, trigger: Trigger, record: TriggerRecord) -> StartedRun:
        """Start a run."""
        started = super().begin(workflow, trigger, record)
        self.begun.append(started)
        return started


class _Firing:
    """One firing of a trigger, until the runs that it starts are over."""

    def __init__(
        self,
        prepared: Prepared,
        mocks: Mocks,
        options: Options,
        session: Session,
        runtime: Runtime,
        history: RunHistory,
        runs: _RememberedRuns,
    ) -> None:
        self._prepared = prepared
        self._options = options
        self._mocks = mocks
        self._session = session
        self._runtime = runtime
        self._history = history
        self._runs = runs
        self._triggers = Triggers(runtime, runs)
        self._trigger = prepared.definition.triggers[with_trigger(prepared, options.trigger or mocks.trigger.name)]
        id = f"{_ID}/workflows/{prepared.source.name}"
        self._workflow = Workflow(
            id,
            workflow_guid(id),
            _LOCATION,
            {},
            EveryIdentity(prepared.source.name),
            True,
            prepared.definition,
            prepared.parameters,
            AccessControl.parse(None),
            "",
        )

    async def fire(self, interruption: Interruption) -> Ran:
        """Fire and wait."""
        given = self._options.trigger_outputs
        outputs = dict(given if given is not None else self._mocks.trigger.outputs or {})
        started: list[StartedRun] = []
        with self._session.calling(Caller(self._trigger.name)):
            polls = self._trigger.kind == "http" and not outputs
            work = self._looked() if polls else self._requested(outputs)
            refused = await self._unless_stopped(work, interruption)
        looked = self._runtime.histories.newest(self._workflow.id, self._trigger.name)
        if refused is None:
            started = self._runs.begun
            interrupted = await self._over(started, interruption)
        else:
            interrupted = refused
        results = [self._result(each) for each in started]
        status = str(looked["status"]) if looked else "Failed"
        message = _why_not_fired(looked) if not started else None
        warnings = self._prepared.warnings
        return Ran(self._trigger.name, status, self._session.fault or message, results, warnings, interrupted)

    async def _looked(self) -> None:
        await self._triggers.look(self._workflow, self._trigger)

    async def _requested(self, outputs: dict[str, Any]) -> None:
        if self._trigger.kind == "request":
            outputs.setdefault("headers", {})
        try:
            self._triggers.request(self._workflow, self._trigger, outputs)
        except ArmError as error:
            raise PreparationError(f"the trigger '{self._trigger.name}' fails: {error.message}") from error

    async def _unless_stopped(self, work: Coroutine[Any, Any, None], interruption: Interruption) -> bool | None:
        """Do the work; return None, or where it was stopped whether that was an interruption."""
        task = asyncio.create_task(work)
        stops = [asyncio.create_task(interruption.wait()), asyncio.create_task(self._session.refused.wait())]
        try:
            await asyncio.wait([task, *stops], return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not any(stop.done() for stop in stops):
                task.result()
                return None
            return stops[0].done()
        finally:
            for each in (task, *stops):
                each.cancel()
            await asyncio.gather(task, *stops, return_exceptions=True)

    async def _over(self, started: Sequence[StartedRun], interruption: Interruption) -> bool:
        """Wait until all runs are over, or cancel them; return whether it was an interruption."""

        async def all_over() -> None:
            await asyncio.gather(*[asyncio.shield(each.over) for each in started])

        stopped = await self._unless_stopped(all_over(), interruption)
        if stopped is None:
            return False
        for each in started:
            await self._runs.cancel(self._workflow, each.id)
        return stopped

    def _result(self, started: StartedRun) -> RunResult:
        row = self._runtime.store.run(self._workflow.id, started.id)
        assert row is not None
        end = row.end or stamp(self._runtime.clock.now())
        return RunResult(
            self._prepared.source.name,
            self._prepared.definition,
            row.status,
            row.code,
            row.error,
            action_results(self._prepared.definition, self._runtime.store.known_actions(started.id)),
            self._runtime.store.iterations(started.id),
            {name: output["value"] for name, output in self._history.outputs(started.id).items()},
            self._runtime.responses.given(started.id),
            self._session.calls,
            self._session.fault,
            (moment_of(end) - moment_of(row.start)).total_seconds(),
        )


def _why_not_fired(looked: Mapping[str, Any] | None) -> str | None:
    if looked is None:
        return None
    error = looked.get("error") or {}
    return str(error.get("message") or looked.get("code"))


@contextmanager
def _database(folder: Path) -> Generator[Database]:
    database = Database(folder, secrets.token_hex())
    try:
        yield database
    finally:
        database.close()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_thread(work: Callable[[], Ran]) -> Ran:
    found: list[Ran] = []
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
