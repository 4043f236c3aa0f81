"""The plugin processes of a deployment: found, started, configured and ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, Final

from emulator.home import Home
from emulator.pulumi import protocol
from emulator.pulumi.engine.configuration import Project, StackConfiguration
from emulator.pulumi.engine.errors import DeploymentError
from emulator.pulumi.engine.events import Diagnostic, Event
from emulator.pulumi.engine.provider import Provider
from emulator.pulumi.environment import TOKEN_VARIABLE, token_command
from emulator.pulumi.plugin import own_settings
from emulator.pulumi.wire import Properties, secret

DYNAMIC: Final = "pulumi-python"
"""The package of dynamic resources, which the SDK itself serves."""

LEASH: Final = Path(__file__).with_name("leash.py")
_ENGINE_ADDRESS: Final = "127.0.0.1:1"
"""What a plugin is told of the engine, as the protocol wants: the plugins there are say everything in their answers."""

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0


class PluginHost:
    """Starts each plugin when it is first needed; one process a set of settings."""

    def __init__(
        self,
        home: Home,
        project: Project,
        stack: str,
        configuration: StackConfiguration,
        listener: Callable[[Event], None],
    ) -> None:
        self._home = home
        self.project = project
        self._stack = stack
        self._configuration = configuration
        self._listener = listener
        self._lock = threading.Lock()
        self._providers: dict[str, Future[Provider]] = {}
        self._processes: list[PluginProcess] = []
        self._starting: list[threading.Thread] = []

    def default(self, package: str) -> Provider:
        """Return the provider that serves `package` with the settings of the stack's configuration."""
        return self._provider(package, package, self._default_settings(package), "")

    def prepare(self, packages: Iterable[str]) -> None:
        """Start the default providers of these packages while the program itself still starts.

        What goes wrong with one is told when it is first used.
        """
        for package in packages:
            starting = threading.Thread(target=self._try_default, args=(package,), daemon=True)
            self._starting.append(starting)
            starting.start()

    def explicit(self, urn: str, package: str, settings: Properties) -> Provider:
        """Return the provider that the program made, a resource of its own."""
        own = {name: settings[name] for name in own_settings(settings)}
        return self._provider(urn, package, own, urn)

    def cancel(self) -> None:
        """Ask the running plugins to give up what they do."""
        with self._lock:
            for plugin in self._processes:
                plugin.cancel()

    def close(self) -> None:
        """End all plugins."""
        for starting in self._starting:
            starting.join()
        with self._lock:
            for plugin in self._processes:
                plugin.end()
            for plugin in self._processes:
                plugin.close()
            self._processes.clear()
            self._providers.clear()

    def _try_default(self, package: str) -> None:
        with contextlib.suppress(DeploymentError):
            self.default(package)

    def _provider(self, key: str, package: str, settings: Properties, urn: str) -> Provider:
        """Start the provider `key` once; who asks meanwhile waits, and others start beside it."""
        with self._lock:
            pending = self._providers.get(key)
            first = pending is None
            if pending is None:
                pending = self._providers[key] = Future[Provider]()
        if first:
            try:
                pending.set_result(self._start(package, settings, urn))
            except BaseException as error:
                pending.set_exception(error)
        return pending.result()

    def _default_settings(self, package: str) -> Properties:
        if package == DYNAMIC:  # dynamic providers see the whole configuration, under full keys
            settings: dict[str, Any] = dict(self._configuration.values)
            secret_keys = self._configuration.secret_keys
            return {key: secret(value) if key in secret_keys else value for key, value in settings.items()}
        return dict(self._configuration.of(package))

    def _start(self, package: str, settings: Properties, urn: str) -> Provider:
        plugin = PluginProcess(package, self._command(package), self._environment(), self.project.main, self._listener)
        with self._lock:
            self._processes.append(plugin)
        provider = Provider(plugin.stub, package)
        provider.check_configuration(urn or f"the default provider of {package}", settings)
        provider.configure(settings)
        return provider

    def _command(self, package: str) -> Sequence[str]:
        if package == DYNAMIC:
            return [sys.executable, "-u", str(LEASH), str(os.getpid()), "pulumi.dynamic", _ENGINE_ADDRESS]
        script = self._home.plugins / f"pulumi-resource-{package}"
        if not script.exists():
            there_are = sorted(
                each.name.removeprefix("pulumi-resource-") for each in self._home.plugins.glob("pulumi-*")
            )
            raise DeploymentError(
                f"there is no plugin for the package {package!r} in {self._home.plugins}; "
                f"there are: {', '.join(there_are) or 'none'}"
            )
        return [str(script), _ENGINE_ADDRESS]

    def _environment(self) -> Mapping[str, str]:
        return os.environ | {
            "EMULATOR_HOME": str(self._home.root),
            TOKEN_VARIABLE: token_command(self._home),
            "PULUMI_PROJECT": self.project.name,
            "PULUMI_STACK": self._stack,
        }


class PluginProcess:
    """One plugin process."""

    def __init__(
        self,
        package: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        listener: Callable[[Event], None],
    ) -> None:
        self._package = package
        self._listener = listener
        # A session of its own: Ctrl-C in the terminal is the engine's to deal with, running steps are to end well.
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._errors: list[str] = []
        first: Queue[str] = Queue()
        threading.Thread(target=self._follow_output, args=(self._process.stdout, first), daemon=True).start()
        threading.Thread(target=self._follow_errors, args=(self._process.stderr,), daemon=True).start()
        try:
            port = first.get(timeout=_START_SECONDS).strip()
        except Empty:
            port = ""
        if not port.isdigit():
            self._end_process()
            raise DeploymentError(
                f"the plugin of {package} did not start: it printed {port!r} where its port was expected. "
                + "".join(self._errors[-20:])
            )
        self.stub, self._disconnect = protocol.provider_client(f"127.0.0.1:{port}")

    def cancel(self) -> None:
        """Ask the plugin to give up what it does; one that cannot goes on."""
        with contextlib.suppress(Exception):
            self.stub.Cancel(protocol.empty(), timeout=_END_SECONDS)

    def end(self) -> None:
        """Tell the process to end."""
        self._process.terminate()

    def close(self) -> None:
        """Wait until the process has ended."""
        self._disconnect()
        self._end_process()

    def _end_process(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _follow_output(self, stream: IO[str], first: Queue[str]) -> None:
        first.put(stream.readline())
        with stream:
            for line in stream:
                self._listener(Diagnostic("info", line.rstrip()))

    def _follow_errors(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._errors.append(line)
                self._listener(Diagnostic("warning", f"{self._package}: {line.rstrip()}"))
