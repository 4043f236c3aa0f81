"""Deploys a Pulumi project: the engine's public face."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from emulator.home import Home
from emulator.pulumi.engine import urn as urns
from emulator.pulumi.engine.configuration import StackConfiguration, load_configuration, load_project
from emulator.pulumi.engine.errors import DeploymentCancelledError, DeploymentError
from emulator.pulumi.engine.events import Event
from emulator.pulumi.engine.journal import Journal
from emulator.pulumi.engine.language import Program
from emulator.pulumi.engine.monitor import PARALLEL, EngineService, Monitor
from emulator.pulumi.engine.plugins import PluginHost
from emulator.pulumi.engine.removal import refuse_protected, remove
from emulator.pulumi.engine.state import ResourceState, Snapshot, StateFile, stack_outputs
from emulator.pulumi.engine.steps import Steps
from emulator.pulumi.engine.update import Update
from emulator.pulumi.installation import install
from emulator.pulumi.protocol import Server
from emulator.pulumi.wire import Properties, mask, reveal

_SERVER_WORKERS: Final = 2 * PARALLEL
_REFRESH_WORKERS: Final = 8


@dataclass(frozen=True)
class Summary:
    """How many resources a deployment created, updated, replaced, deleted, left as they were, and how long it took."""

    created: int
    updated: int
    replaced: int
    deleted: int
    unchanged: int
    duration_seconds: float


def _ignore(_: Event) -> None:
    return None


class Deployment:
    """One stack of one project on one emulator.

    `overrides` are configuration values by key (``key`` or ``namespace:key``) that win over those of the files;
    `listener` hears events, from several threads. Every operation raises DeploymentError where it cannot go on; state
    is saved after every step, so the next operation goes on from there.
    """

    def __init__(
        self,
        home: Home,
        project: Path,
        stack: str,
        overrides: Mapping[str, str] = MappingProxyType({}),
        listener: Callable[[Event], None] = _ignore,
    ) -> None:
        self._home = home
        self._folder = project
        self._stack = stack
        self._overrides = dict(overrides)
        self._listener = listener
        self._cancelled = threading.Event()
        self._wake_watcher = threading.Event()

    def up(self) -> Summary:
        """Run the program and bring the resources to what it registers."""
        return self._run_program(preview=False)

    def preview(self) -> Summary:
        """Run the program and tell what `up` would do; nothing is changed."""
        return self._run_program(preview=True)

    def refresh(self) -> Summary:
        """Take over into the state what the resources are by now; the program does not run."""
        with self._session(preview=False) as session:
            steps = session.steps
            known = [
                each
                for each in session.journal.all_remaining()
                if each.custom
                and not each.type.startswith(urns.PROVIDER_PREFIX)
                and each.type != urns.STACK_REFERENCE_TYPE
            ]
            with ThreadPoolExecutor(_REFRESH_WORKERS) as pool, self._stopping(steps):
                failures = [future.exception() for future in [pool.submit(steps.refresh, each) for each in known]]
            _raise_first(failures)
        return session.summary()

    def destroy(self) -> Summary:
        """Delete all resources of the stack; refuses, before anything is deleted, while one is protected."""
        with self._session(preview=False) as session:
            refuse_protected([*session.journal.all_remaining(), *session.journal.all_interrupted()])
            with self._stopping(session.steps):
                session.steps.condemn_interrupted()
                remove(session.steps, [*session.journal.all_remaining(), *session.journal.condemned()])
            session.journal.forget_interrupted()
        return session.summary()

    def cancel(self) -> None:
        """Stop a running operation from another thread: running steps end, no further one begins."""
        self._cancelled.set()
        self._wake_watcher.set()

    @property
    def stopping(self) -> bool:
        """Whether an operation was told to stop and no further step begins."""
        return self._cancelled.is_set()

    def outputs(self, show_secrets: bool = False) -> Properties:
        """Return what the program exported at its last `up`; secret values read ``[secret]`` unless asked for."""
        project = load_project(self._folder)
        found = stack_outputs(self._home, project.name, self._stack) or {}
        return reveal(found) if show_secrets else mask(found)

    def _run_program(self, *, preview: bool) -> Summary:
        with self._session(preview=preview) as session:
            project, steps = session.plugins.project, session.steps
            update = Update(steps, project.name, self._stack, self._read_stack(project.name))
            monitor = Monitor(update, project.name, self._stack, project.main, session.configuration, preview=preview)
            messages = EngineService(self._listener)
            server = Server(_SERVER_WORKERS)
            server.add("ResourceMonitor", monitor)
            server.add("Engine", messages)
            server.start()
            program = Program(
                project, self._stack, session.configuration, server.address, self._listener, preview=preview
            )
            try:
                with self._stopping(steps):
                    status = program.wait(give_up=lambda: steps.stopped)
                    if status is None or steps.stopped:
                        raise DeploymentCancelledError("the deployment was stopped; the next one goes on from here")
                    _judge(status, monitor, messages, program)
                    update.finish()
            finally:
                program.end()
                monitor.wait_until_idle()
                server.stop()
        return session.summary()

    @contextmanager
    def _session(self, *, preview: bool) -> Generator[_Session]:
        project = load_project(self._folder)
        configuration = load_configuration(project, self._stack, self._overrides)
        file = StateFile(self._home, project.name, self._stack)
        self._cancelled.clear()
        self._wake_watcher.clear()
        install(self._home)
        with file.locked():
            save = _keep_nothing if preview else file.save
            journal = Journal(file.load(), save)
            plugins = PluginHost(self._home, project, self._stack, configuration, self._listener)
            plugins.prepare({urns.package_of(each.type) for each in journal.all_remaining() if _by_default(each)})
            try:
                steps = Steps(journal, plugins, self._listener, preview=preview)
                yield _Session(journal, plugins, steps, configuration, time.monotonic())
            finally:
                plugins.close()

    @contextmanager
    def _stopping(self, steps: Steps) -> Generator[None]:
        """Let Ctrl-C and `cancel` stop the steps instead of tearing them apart."""

        def watch() -> None:
            self._wake_watcher.wait()
            if self._cancelled.is_set():
                steps.stop()
                steps.plugins.cancel()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except KeyboardInterrupt as error:
            steps.stop()
            steps.plugins.cancel()
            raise DeploymentCancelledError("the deployment was stopped; the next one goes on from here") from error
        finally:
            self._wake_watcher.set()
            watcher.join()

    def _read_stack(self, own_project: str) -> Callable[[str], Properties | None]:
        def read(name: str) -> Properties | None:
            parts = name.split("/")
            project = parts[-2] if len(parts) > 1 else own_project
            return stack_outputs(self._home, project, parts[-1])

        return read


@dataclass(frozen=True)
class _Session:
    journal: Journal
    plugins: PluginHost
    steps: Steps
    configuration: StackConfiguration
    started: float

    def summary(self) -> Summary:
        counts = self.steps.counts
        return Summary(
            created=counts["created"],
            updated=counts["updated"],
            replaced=counts["replaced"],
            deleted=counts["deleted"],
            unchanged=counts["unchanged"],
            duration_seconds=time.monotonic() - self.started,
        )


def _judge(status: int, monitor: Monitor, messages: EngineService, program: Program) -> None:
    """Raise where the program or a step failed."""
    monitor.wait_until_idle()
    if monitor.failure is not None:
        raise monitor.failure
    if status != 0:
        told = program.errors or "\n".join(messages.errors)
        raise DeploymentError(f"the program failed (exit status {status}): {told}")
    if messages.errors:
        raise DeploymentError("the program reported errors: " + "; ".join(messages.errors))


def _raise_first(failures: list[BaseException | None]) -> None:
    for failure in failures:
        if failure is not None:
            raise failure


def _by_default(resource: ResourceState) -> bool:
    """Tell whether the default provider of a package keeps the resource."""
    builtin = resource.type.startswith(urns.PROVIDER_PREFIX) or resource.type == urns.STACK_REFERENCE_TYPE
    return resource.custom and not builtin and not resource.provider


def _keep_nothing(_: Snapshot) -> None:
    return None
