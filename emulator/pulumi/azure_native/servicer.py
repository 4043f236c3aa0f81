"""The ResourceProvider service of the azure-native stand-in."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, Final

import grpc

from emulator.home import Home
from emulator.pulumi.azure_native import drift, functions, preview
from emulator.pulumi.azure_native.arm import Account, Arm, ArmRefusedError, EmulatorMissingError
from emulator.pulumi.azure_native.naming import NamingDisabledError, with_name
from emulator.pulumi.azure_native.schema import AUTONAMED, ResourceSpec, same_location
from emulator.pulumi.azure_native.stores import ArmStore, HalfMadeError, Store
from emulator.pulumi.azure_native.types import SPECS
from emulator.pulumi.differences import Difference, compare
from emulator.pulumi.plugin import own_settings
from emulator.pulumi.protocol import Message, RpcError, call_metadata, empty, plugin, provider
from emulator.pulumi.wire import UNKNOWN, Properties, contains_secret, decode, encode, reveal, secret

VERSION: Final = "3.29.0"
"""The azure-native release whose SDK the project pins, and whose behaviour this follows."""

CONFIGURATION: Final = frozenset(
    {
        "auxiliaryTenantIds",
        "clientCertificatePassword",
        "clientCertificatePath",
        "clientId",
        "clientSecret",
        "disableInstanceDiscovery",
        "disablePulumiPartnerId",
        "environment",
        "location",
        "metadataHost",
        "msiEndpoint",
        "oidcRequestToken",
        "oidcRequestUrl",
        "oidcToken",
        "oidcTokenFilePath",
        "partnerId",
        "subscriptionId",
        "tenantId",
        "useDefaultAzureCredential",
        "useMsi",
        "useOidc",
    }
)
"""Settings that azure-native 3.29 takes; most say how to sign in, which here the emulator's home does."""

ADOPT: Final = "emulator-adopt-existing"
"""Call metadata with which an engine says: I was stopped while I created this; what exists is mine."""


class AzureNative:
    """Answers the calls of the engine; without state beyond its configuration."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._location: str | None = None
        self._arm_client: Arm | None = None

    def get_plugin_info(self, _: Message) -> Message:
        """Return the version."""
        return plugin.PluginInfo(version=VERSION)

    def attach(self, _: Message) -> Message:
        """Accept to be used by an engine that did not start this process."""
        return empty()

    def cancel(self, _: Message) -> Message:
        """Nothing is cut short: every operation is one request, whose outcome must be known."""
        return empty()

    def check_config(self, request: Message) -> Message:
        """Refuse settings that azure-native does not know, and another subscription than the emulator's."""
        news = decode(request.news)
        failures = [
            provider.CheckFailure(
                property=name, reason=f"there is no such setting; allowed: {', '.join(sorted(CONFIGURATION))}"
            )
            for name in sorted(own_settings(news) - CONFIGURATION)
        ]
        wanted = reveal(news.get("subscriptionId"))
        if not failures and isinstance(wanted, str) and wanted != UNKNOWN:
            there_is = self._account().subscription_id
            if wanted != there_is:
                reason = f"the emulator has only the subscription {there_is}, not {wanted}"
                failures.append(provider.CheckFailure(property="subscriptionId", reason=reason))
        return provider.CheckResponse(inputs=request.news, failures=failures)

    def diff_config(self, request: Message) -> Message:
        """Another subscription replaces everything; other settings replace nothing."""
        before, now = (reveal(decode(bag)) for bag in (request.old_inputs, request.news))
        differences = compare(before, now)
        replaces = [each.path for each in differences if each.path == "subscriptionId"]
        return _diff_response(differences, frozenset(replaces), delete_first=False)

    def configure(self, request: Message) -> Message:
        """Take the default location; the emulator's home has everything else."""
        arguments = reveal(decode(request.args))
        self._location = arguments.get("location") or request.variables.get("azure-native:config:location") or None
        return provider.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def check(self, request: Message) -> Message:
        """Fill in name, location and defaults; name missing and unknown inputs."""
        spec = _spec(request)
        news, olds = decode(request.news), reveal(decode(request.olds))
        failures = [
            provider.CheckFailure(
                property=name,
                reason=f"{spec.token} has no input of this name; allowed: {', '.join(sorted(spec.known_inputs))}",
            )
            for name in sorted(set(news) - spec.known_inputs - {AUTONAMED})
        ]
        failures += [
            provider.CheckFailure(property=name, reason=f"{spec.token} requires this input")
            for name in sorted(spec.required - set(news))
        ]
        if failures:
            return provider.CheckResponse(failures=failures)
        try:
            named = with_name(spec, olds, news, request)
        except NamingDisabledError as error:
            return provider.CheckResponse(failures=[provider.CheckFailure(property=spec.name, reason=str(error))])
        complete = dict(spec.defaults) | named
        if "location" in spec.inputs and "location" not in complete:
            location = self._default_location(spec, reveal(complete))
            complete |= {} if location is None else {"location": location}
        return provider.CheckResponse(inputs=encode(complete))

    def diff(self, request: Message) -> Message:
        """Tell what changes, and whether it replaces the resource."""
        spec = _spec(request)
        before, now = reveal(decode(request.old_inputs)), reveal(decode(request.news))
        differences = [
            each
            for each in compare(before, now, request.ignoreChanges)
            if not (each.path == "location" and same_location(each.old, each.new)) and not _same_scope(spec, each)
        ]
        return _diff_response(differences, spec.replacing, delete_first=spec.name not in (now.get(AUTONAMED) or []))

    def create(self, request: Message) -> Message:
        """Create, refusing to take over what exists already."""
        spec, inputs = _spec(request), decode(request.properties)
        plain = _own(reveal(inputs))
        if request.preview:
            return provider.CreateResponse(properties=_bag(preview.of_creation(spec, plain), inputs))
        store = self._store(spec)
        resource_id = spec.resource_id(plain, self._account().subscription_id)
        with _refusals_told():
            if ADOPT not in call_metadata() and store.exists(resource_id, plain):
                raise RpcError(
                    f"cannot create already existing resource {resource_id}: delete it, or give this one another name",
                    grpc.StatusCode.ALREADY_EXISTS,
                )
            outputs = _written(store, resource_id, plain, inputs)
        return provider.CreateResponse(id=resource_id, properties=_bag(outputs, inputs))

    def update(self, request: Message) -> Message:
        """Write the whole resource anew under its id."""
        spec, inputs = _spec(request), decode(request.news)
        plain = _own(reveal(inputs))
        if request.preview:
            before, outputs = (reveal(decode(bag)) for bag in (request.old_inputs, request.olds))
            return provider.UpdateResponse(properties=_bag(preview.of_update(spec, plain, before, outputs), inputs))
        with _refusals_told():
            outputs = _written(self._store(spec), request.id, plain, inputs)
        return provider.UpdateResponse(properties=_bag(outputs, inputs))

    def read(self, request: Message) -> Message:
        """Return the resource as it is now; an empty id where it is gone."""
        spec = _spec(request)
        inputs, before = decode(request.inputs), reveal(decode(request.properties))
        plain = _own(reveal(inputs))
        store = self._store(spec)
        with _refusals_told():
            outputs = store.read(request.id, plain)
        if outputs is None:
            return provider.ReadResponse()
        if plain and before:
            followed = drift.follow(spec, plain, before, outputs)
            # An input that nobody touched keeps its secrets marked.
            now = inputs | {name: value for name, value in followed.items() if plain.get(name) != value}
            now = {name: value for name, value in now.items() if name in followed or name.startswith("__")}
        else:
            try:
                now = store.import_inputs(request.id, outputs)
            except ValueError as error:
                raise RpcError(str(error), grpc.StatusCode.INVALID_ARGUMENT) from error
        return provider.ReadResponse(id=request.id, properties=_bag(outputs, inputs), inputs=encode(now))

    def delete(self, request: Message) -> Message:
        """Delete; what is gone already is done."""
        spec = _spec(request)
        with _refusals_told():
            self._store(spec).delete(request.id, _own(reveal(decode(request.old_inputs))))
        return empty()

    def invoke(self, request: Message) -> Message:
        """Call a function."""
        try:
            with _refusals_told():
                answer = functions.invoke(self._arm(), request.tok, reveal(decode(request.args)))
        except functions.InvalidArgumentsError as error:
            failures = [provider.CheckFailure(property=name, reason=reason) for name, reason in error.failures]
            return provider.InvokeResponse(failures=failures)
        except functions.UnknownFunctionError as error:
            raise RpcError(str(error), grpc.StatusCode.UNIMPLEMENTED) from error
        return provider.InvokeResponse(**{"return": encode(answer)})

    def close(self) -> None:
        """Close the connections to the control plane."""
        if self._arm_client is not None:
            self._arm_client.close()

    def _account(self) -> Account:
        return self._arm().account

    def _arm(self) -> Arm:
        if self._arm_client is None:
            try:
                self._arm_client = Arm(Account.of(self._home))
            except EmulatorMissingError as error:
                raise RpcError(str(error), grpc.StatusCode.FAILED_PRECONDITION) from error
        return self._arm_client

    def _store(self, spec: ResourceSpec) -> Store:
        if not spec.data_plane:
            return ArmStore(self._arm(), spec)
        # The storage client takes as long to import as everything else, and few programs have blobs.
        from emulator.pulumi.azure_native.blobs import BlobStore

        return BlobStore(self._arm(), spec)

    def _default_location(self, spec: ResourceSpec, inputs: Properties) -> str | None:
        if self._location is not None:
            return self._location
        group = inputs.get("resourceGroupName")
        if not spec.inherits_location or not isinstance(group, str) or group == UNKNOWN:
            return None
        group_spec = SPECS["azure-native:resources:ResourceGroup"]
        group_id = group_spec.resource_id({"resourceGroupName": group}, self._account().subscription_id)
        with _refusals_told():
            body = self._arm().get(group_id, group_spec.api_version)
        return None if body is None else body.get("location")


def _written(store: Store, resource_id: str, plain: Properties, inputs: Properties) -> Properties:
    try:
        return store.write(resource_id, plain)
    except HalfMadeError as error:
        detail = provider.ErrorResourceInitFailed(
            id=resource_id, properties=_bag(error.outputs, inputs), reasons=[str(error)], inputs=encode(inputs)
        )
        raise RpcError(str(error), grpc.StatusCode.UNKNOWN, detail) from error


@contextmanager
def _refusals_told() -> Generator[None]:
    """Turn what the control plane refuses into the error of the call; the engine says which resource it is about."""
    try:
        yield
    except ArmRefusedError as error:
        raise RpcError(str(error)) from error
    except EmulatorMissingError as error:
        raise RpcError(str(error), grpc.StatusCode.UNAVAILABLE) from error


def _spec(request: Message) -> ResourceSpec:
    token = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
    if token not in SPECS:
        raise RpcError(
            f"the resource type {token} is not implemented by the emulator; those that are: {', '.join(sorted(SPECS))}",
            grpc.StatusCode.UNIMPLEMENTED,
        )
    return SPECS[token]


def _own(inputs: Properties) -> Properties:
    """Return the inputs less those that only the plugins know of."""
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def _bag(outputs: Properties, inputs: Properties) -> Any:
    """Return the outputs as a Struct, secret where the input of the same name was."""
    return encode(
        {
            name: secret(value) if name in inputs and contains_secret(inputs[name]) else value
            for name, value in outputs.items()
        }
    )


def _same_scope(spec: ResourceSpec, difference: Difference) -> bool:
    """Tell whether two spellings of an ARM id (case) are all that differs."""
    if difference.path not in spec.path_inputs or not all(
        isinstance(side, str) and side.startswith("/") for side in (difference.old, difference.new)
    ):
        return False
    return difference.old.strip("/").lower() == difference.new.strip("/").lower()


def _diff_response(differences: Iterable[Difference], replacing: frozenset[str], *, delete_first: bool) -> Message:
    kinds = provider.PropertyDiff
    detailed: dict[str, Message] = {}
    replaces: list[str] = []
    for each in differences:
        replaced = any(each.touches(path) for path in replacing)
        name = each.kind.upper() + ("_REPLACE" if replaced else "")
        detailed[each.path] = provider.PropertyDiff(kind=kinds.Kind.Value(name), inputDiff=True)
        if replaced:
            replaces.append(each.path)
    some = provider.DiffResponse.DIFF_SOME if detailed else provider.DiffResponse.DIFF_NONE
    return provider.DiffResponse(
        changes=some,
        replaces=replaces,
        diffs=list(dict.fromkeys(path.split(".")[0].split("[")[0] for path in detailed)),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replaces) and delete_first,
    )
