"""One provider as the engine uses it: property bags in wire form in, results out, errors named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from emulator.pulumi import protocol
from emulator.pulumi.engine.errors import DeploymentError, OutcomeUnknownError
from emulator.pulumi.protocol import Message
from emulator.pulumi.wire import Properties, contains_secret, decode, encode, reveal, secret

_ADOPT: Final = (("emulator-adopt-existing", "true"),)
"""Call metadata by which our plugins know that what exists may be the rest of an interrupted creation."""


@dataclass(frozen=True)
class Difference:
    """A provider's verdict: `changed` None leaves it to the engine; `paths` maps paths to whether they replace."""

    changed: bool | None
    replaces: tuple[str, ...]
    delete_first: bool
    paths: Mapping[str, bool] = field(default_factory=dict[str, bool])


class InitFailedError(Exception):
    """The resource exists and is not well; `id` and `outputs` are what it has."""

    def __init__(self, identity: str, outputs: Properties, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id = identity
        self.outputs = outputs
        self.reasons = tuple(reasons)


class Provider:
    """A configured provider. Every method raises DeploymentError with the provider's own message."""

    def __init__(self, stub: Any, package: str) -> None:
        self._stub = stub
        self._package = package
        self._accepts_secrets = False
        self._supports_preview = False

    def check_configuration(self, urn: str, settings: Properties) -> None:
        """Let the provider judge its settings; one that does not judge accepts all."""
        request = protocol.provider.CheckRequest(urn=urn, news=encode(settings))
        try:
            answer = self._stub.CheckConfig(request)
        except grpc.RpcError as error:
            if _code(error) == grpc.StatusCode.UNIMPLEMENTED:
                return
            raise self._failed(error, urn) from error
        _refuse(answer.failures, urn, f"the settings of the provider {self._package}")

    def configure(self, settings: Properties) -> None:
        """Give the provider its settings."""
        plain = reveal(settings)
        request = protocol.provider.ConfigureRequest(
            args=encode(plain),
            variables={f"{self._package}:config:{name}": str(value) for name, value in plain.items()},
            acceptSecrets=True,
            acceptResources=False,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
        )
        answer = self._call("Configure", request, "")
        self._accepts_secrets = answer.acceptSecrets
        self._supports_preview = answer.supportsPreview

    def check(self, urn: str, olds: Properties, news: Properties, seed: bytes) -> Properties:
        """Return complete inputs."""
        kind, name = urn.split("::")[2].rsplit("$", 1)[-1], urn.split("::", 3)[3]
        request = protocol.provider.CheckRequest(
            urn=urn, olds=self._out(olds), news=self._out(news), randomSeed=seed, type=kind, name=name
        )
        answer = self._call("Check", request, urn)
        _refuse(answer.failures, urn, "the inputs")
        return self._annotate(decode(answer.inputs), news)

    def diff(
        self,
        urn: str,
        identity: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore: Sequence[str],
    ) -> Difference:
        """Return what the provider says of the change."""
        request = protocol.provider.DiffRequest(
            id=identity,
            urn=urn,
            olds=self._out(old_outputs),
            news=self._out(news),
            old_inputs=self._out(old_inputs),
            ignoreChanges=ignore,
            type=urn.split("::")[2].rsplit("$", 1)[-1],
            name=urn.split("::", 3)[3],
        )
        answer = self._call("Diff", request, urn)
        kinds = protocol.provider.PropertyDiff.Kind
        paths = {path: kinds.Name(each.kind).endswith("_REPLACE") for path, each in answer.detailedDiff.items()}
        verdicts: dict[int, bool | None] = {
            protocol.provider.DiffResponse.DIFF_NONE: False,
            protocol.provider.DiffResponse.DIFF_SOME: True,
        }
        replaces = (*answer.replaces, *(path for path, replaced in paths.items() if replaced))
        changed = True if replaces else verdicts.get(answer.changes)
        return Difference(changed, tuple(dict.fromkeys(replaces)), answer.deleteBeforeReplace, paths)

    def create(self, urn: str, inputs: Properties, *, preview: bool, adopt: bool = False) -> tuple[str, Properties]:
        """Return id and outputs; in a preview the id is empty, and what is not known yet is unknown or missing."""
        if preview and not self._supports_preview:
            return "", inputs
        request = protocol.provider.CreateRequest(
            urn=urn,
            properties=self._out(inputs),
            preview=preview,
            type=urn.split("::")[2].rsplit("$", 1)[-1],
            name=urn.split("::", 3)[3],
        )
        answer = self._call("Create", request, urn, metadata=_ADOPT if adopt else ())
        if not preview and not answer.id:
            raise DeploymentError(f"the provider {self._package} created it and gave it no id", urn)
        return answer.id, self._annotate(decode(answer.properties), inputs)

    def update(
        self,
        urn: str,
        identity: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Return the outputs after the update."""
        if preview and not self._supports_preview:
            return news
        request = protocol.provider.UpdateRequest(
            id=identity,
            urn=urn,
            olds=self._out(old_outputs),
            news=self._out(news),
            old_inputs=self._out(old_inputs),
            preview=preview,
            type=urn.split("::")[2].rsplit("$", 1)[-1],
            name=urn.split("::", 3)[3],
        )
        return self._annotate(decode(self._call("Update", request, urn).properties), news)

    def read(
        self, urn: str, identity: str, inputs: Properties, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """Return id, inputs and outputs as they are now, or None where the resource is gone."""
        request = protocol.provider.ReadRequest(
            id=identity,
            urn=urn,
            properties=self._out(outputs),
            inputs=self._out(inputs),
            type=urn.split("::")[2].rsplit("$", 1)[-1],
            name=urn.split("::", 3)[3],
        )
        answer = self._call("Read", request, urn)
        if not answer.id:
            return None
        now = self._annotate(decode(answer.inputs), inputs) if answer.HasField("inputs") else inputs
        return answer.id, now, self._annotate(decode(answer.properties), inputs)

    def delete(self, urn: str, identity: str, inputs: Properties, outputs: Properties) -> None:
        """Delete; gone already is success."""
        request = protocol.provider.DeleteRequest(
            id=identity,
            urn=urn,
            properties=self._out(outputs),
            old_inputs=self._out(inputs),
            type=urn.split("::")[2].rsplit("$", 1)[-1],
            name=urn.split("::", 3)[3],
        )
        self._call("Delete", request, urn)

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> tuple[Properties, list[tuple[str, str]]]:
        """Return a function's result, and (argument, reason) for arguments it does not take."""
        request = protocol.provider.InvokeRequest(tok=token, args=encode(reveal(arguments)), preview=preview)
        answer = self._call("Invoke", request, "")
        return decode(getattr(answer, "return")), [(each.property, each.reason) for each in answer.failures]

    def _call(self, method: str, request: Message, urn: str, metadata: Sequence[tuple[str, str]] = ()) -> Message:
        try:
            return getattr(self._stub, method)(request, metadata=metadata)
        except grpc.RpcError as error:
            failed = protocol.init_failed(error)
            if failed is not None:
                outputs = self._annotate(decode(failed.properties), decode(failed.inputs))
                raise InitFailedError(failed.id, outputs, list(failed.reasons)) from error
            raise self._failed(error, urn) from error

    def _failed(self, error: Any, urn: str) -> DeploymentError:
        if _code(error) == grpc.StatusCode.UNAVAILABLE:
            return OutcomeUnknownError(f"the provider {self._package} could not answer: {error.details()}", urn)
        return DeploymentError(str(error.details()), urn)

    def _out(self, properties: Properties) -> Any:
        return encode(properties if self._accepts_secrets else reveal(properties))

    def _annotate(self, found: Properties, marked: Properties) -> Properties:
        """Mark again what a provider that takes no secrets got unmarked."""
        if self._accepts_secrets:
            return found
        return {
            name: secret(value) if name in marked and contains_secret(marked[name]) else value
            for name, value in found.items()
        }


def _refuse(failures: Sequence[Any], urn: str, what: str) -> None:
    if failures:
        reasons = "; ".join(f"{each.property}: {each.reason}" if each.property else each.reason for each in failures)
        raise DeploymentError(f"{what} are not valid: {reasons}", urn)


def _code(error: Any) -> Any:
    return error.code()
