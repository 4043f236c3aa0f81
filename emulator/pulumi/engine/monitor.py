"""The two services through which a program speaks to its engine: ResourceMonitor and Engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import grpc

from emulator.pulumi.engine.configuration import StackConfiguration
from emulator.pulumi.engine.errors import DeploymentError
from emulator.pulumi.engine.events import Diagnostic, Event, Severity
from emulator.pulumi.engine.goal import Goal
from emulator.pulumi.engine.update import Update
from emulator.pulumi.protocol import Message, RpcError, empty, engine, provider, resource
from emulator.pulumi.wire import decode, encode, settle_outputs

ORGANIZATION: Final = "organization"
"""The organization of every stack that no Pulumi service keeps (https://www.pulumi.com/docs/iac/concepts/stacks/)."""

PARALLEL: Final = 32
"""How many registrations a program may have under way."""

_FEATURES: Final = {
    "secrets": resource.RESOURCE_MONITOR_FEATURE_SECRETS,
    "aliasSpecs": resource.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
}
"""What this engine can; an SDK asks first and says itself what a program may then not use."""


class Monitor:
    """Takes a program's registrations, reads and calls."""

    def __init__(
        self,
        update: Update,
        project: str,
        stack: str,
        folder: Path,
        configuration: StackConfiguration,
        *,
        preview: bool,
    ) -> None:
        self._update = update
        self._project = project
        self._stack = stack
        self._folder = folder
        self._configuration = configuration
        self._preview = preview
        self._condition = threading.Condition()
        self._active = 0
        self.failure: DeploymentError | None = None

    def wait_until_idle(self) -> None:
        """Wait until no registration is under way."""
        with self._condition:
            self._condition.wait_for(lambda: self._active == 0)

    def get_deployment_info(self, _: Message) -> Message:
        """Tell the program what it is run for."""
        return resource.DeploymentInfo(
            project=self._project,
            stack=self._stack,
            organization=ORGANIZATION,
            config=dict(self._configuration.values),
            configSecretKeys=sorted(self._configuration.secret_keys),
            dryRun=self._preview,
            parallel=PARALLEL,
            supportedFeatures=list(_FEATURES.values()),
        )

    def supports_feature(self, request: Message) -> Message:
        """Tell whether the engine can something."""
        return resource.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def register_resource(self, request: Message) -> Message:
        """Bring a resource to what the program wants; the answer comes when that is done."""
        with self._carrying_out():
            made = self._update.register(Goal.of(request, self._folder))
        return resource.RegisterResourceResponse(urn=made.urn, id=made.id, object=encode(made.outputs))

    def register_resource_outputs(self, request: Message) -> Message:
        """Take the outputs of a component, or of the program."""
        with self._carrying_out():
            self._update.register_outputs(request.urn, settle_outputs(decode(request.outputs)))
        return empty()

    def read_resource(self, request: Message) -> Message:
        """Look up a resource that is not managed here."""
        with self._carrying_out():
            found = self._update.read(
                request.type,
                request.name,
                request.parent,
                request.id,
                settle_outputs(decode(request.properties)),
                request.provider,
                request.dependencies,
            )
        return resource.ReadResourceResponse(urn=found.urn, id=found.id, properties=encode(found.outputs))

    def invoke(self, request: Message) -> Message:
        """Call a provider's function; what goes wrong is the program's to catch."""
        try:
            answer, failures = self._update.invoke(request.tok, settle_outputs(decode(request.args)), request.provider)
        except DeploymentError as error:
            raise RpcError(error.message) from error
        return resource.ResourceInvokeResponse(
            failures=[provider.CheckFailure(property=name, reason=reason) for name, reason in failures],
            **{"return": encode(answer)},
        )

    def signal_and_wait_for_shutdown(self, _: Message) -> Message:
        """Let the program end: nothing of it is needed any more."""
        return empty()

    @contextmanager
    def _carrying_out(self) -> Generator[None]:
        with self._condition:
            if self.failure is not None:
                raise _terminated()
            self._active += 1
        try:
            yield
        except DeploymentError as error:
            with self._condition:
                self.failure = self.failure or error
            raise _terminated() from error
        except RpcError as error:
            with self._condition:
                self.failure = self.failure or DeploymentError(error.message)
            raise _terminated() from error
        finally:
            with self._condition:
                self._active -= 1
                self._condition.notify_all()


class EngineService:
    """Takes a program's and the plugins' messages."""

    def __init__(self, listener: Callable[[Event], None]) -> None:
        self._listener = listener
        self._root = ""
        self.errors: list[str] = []

    def log(self, request: Message) -> Message:
        """Pass a message on; one of severity error makes the deployment fail in the end, as with the CLI."""
        severities: tuple[Severity, ...] = ("debug", "info", "warning", "error")
        severity = severities[request.severity]
        if severity == "error":
            self.errors.append(request.message)
        self._listener(Diagnostic(severity, request.message, request.urn))
        return empty()

    def get_root_resource(self, _: Message) -> Message:
        """Return the stack's URN."""
        return engine.GetRootResourceResponse(urn=self._root)

    def set_root_resource(self, request: Message) -> Message:
        """Take the stack's URN."""
        self._root = request.urn
        return engine.SetRootResourceResponse()

    def require_pulumi_version(self, request: Message) -> Message:
        """Refuse: this engine has no version of the CLI that a program could rely on."""
        raise RpcError(
            f"the program requires the Pulumi CLI {request.pulumi_version_range}, and this is not the CLI",
            grpc.StatusCode.UNIMPLEMENTED,
        )


def _terminated() -> RpcError:
    """Return the answer by which an SDK knows that the deployment has ended and somebody else tells why."""
    return RpcError("the deployment has ended", grpc.StatusCode.UNAVAILABLE)
