"""The ResourceProvider service of the random stand-in."""

from __future__ import annotations

from typing import Any, Final

import grpc

from emulator.pulumi.differences import compare
from emulator.pulumi.plugin import own_settings
from emulator.pulumi.protocol import Message, RpcError, empty, plugin, provider
from emulator.pulumi.random.generators import GENERATORS, Generator, InvalidInputError
from emulator.pulumi.wire import UNKNOWN, Properties, contains_secret, decode, encode, reveal, secret

VERSION: Final = "4.21.4"
"""The release of pulumi-random that the project pins."""


class Random:
    """Answers the calls of the engine; a value is made once and lives in the stack's state alone."""

    def get_plugin_info(self, _: Message) -> Message:
        """Return the version."""
        return plugin.PluginInfo(version=VERSION)

    def attach(self, _: Message) -> Message:
        """Accept to be used by an engine that did not start this process."""
        return empty()

    def cancel(self, _: Message) -> Message:
        """Nothing takes long enough to be cut short."""
        return empty()

    def check_config(self, request: Message) -> Message:
        """The provider has no settings."""
        return provider.CheckResponse(
            inputs=request.news,
            failures=[
                provider.CheckFailure(property=name, reason="the random provider has no settings")
                for name in sorted(own_settings(decode(request.news)))
            ],
        )

    def diff_config(self, _: Message) -> Message:
        """The provider has no settings."""
        return provider.DiffResponse(changes=provider.DiffResponse.DIFF_NONE)

    def configure(self, _: Message) -> Message:
        """Say what this plugin understands."""
        return provider.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def check(self, request: Message) -> Message:
        """Name missing, unknown and contradicting inputs, and fill in defaults."""
        generator = _generator(request)
        news = decode(request.news)
        failures = [
            (name, f"there is no input of this name; allowed: {', '.join(generator.inputs)}")
            for name in sorted(set(news) - set(generator.inputs))
        ]
        failures += [(name, "this input is required") for name in generator.required if name not in news]
        complete = {name: value for name, value in generator.inputs.items() if value is not None} | news
        if "number" in news and "numeric" not in news:  # the old name of the same input
            complete["numeric"] = news["number"]
        if not failures and UNKNOWN not in reveal(complete).values():
            try:
                generator.make(_with_absent(generator, complete))
            except InvalidInputError as error:
                failures.append((error.name, str(error)))
        return provider.CheckResponse(
            inputs=encode(complete),
            failures=[provider.CheckFailure(property=name, reason=reason) for name, reason in failures],
        )

    def diff(self, request: Message) -> Message:
        """Any other input means another value: the resource is replaced."""
        before, now = reveal(decode(request.old_inputs)), reveal(decode(request.news))
        differences = compare(before, now, request.ignoreChanges)
        kinds = provider.PropertyDiff.Kind
        detailed = {
            each.path: provider.PropertyDiff(kind=kinds.Value(f"{each.kind.upper()}_REPLACE"), inputDiff=True)
            for each in differences
        }
        some = provider.DiffResponse.DIFF_SOME if detailed else provider.DiffResponse.DIFF_NONE
        return provider.DiffResponse(
            changes=some,
            replaces=list(detailed),
            diffs=list(dict.fromkeys(path.split(".")[0].split("[")[0] for path in detailed)),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def create(self, request: Message) -> Message:
        """Make the value."""
        generator, inputs = _generator(request), decode(request.properties)
        if request.preview:
            identity, made = "", dict.fromkeys(generator.outputs, UNKNOWN)
        else:
            identity, made = generator.make(_with_absent(generator, inputs))
        return provider.CreateResponse(id=identity, properties=_bag(generator, inputs, made))

    def update(self, request: Message) -> Message:
        """No update is ever asked for: every change replaces."""
        raise RpcError(f"{request.urn}: a random value is replaced, never updated", grpc.StatusCode.FAILED_PRECONDITION)

    def read(self, request: Message) -> Message:
        """Give back the state: there is nothing outside that could have changed."""
        if not request.properties.fields:
            raise RpcError("a random value cannot be read by its id", grpc.StatusCode.UNIMPLEMENTED)
        return provider.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def delete(self, _: Message) -> Message:
        """There is nothing outside to delete."""
        return empty()

    def invoke(self, request: Message) -> Message:
        """The provider has no functions."""
        raise RpcError(f"the function {request.tok} is not implemented", grpc.StatusCode.UNIMPLEMENTED)


def _generator(request: Message) -> Generator:
    token = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
    if token not in GENERATORS:
        raise RpcError(
            f"the resource type {token} is not implemented by the emulator; those that are: "
            f"{', '.join(sorted(GENERATORS))}",
            grpc.StatusCode.UNIMPLEMENTED,
        )
    return GENERATORS[token]


def _with_absent(generator: Generator, inputs: Properties) -> Properties:
    return dict(generator.inputs) | reveal(inputs)


def _bag(generator: Generator, inputs: Properties, made: Properties) -> Any:
    hidden = any(contains_secret(value) for name, value in inputs.items() if name != "keepers")
    return encode(
        inputs | {name: secret(value) if hidden or name in generator.secret else value for name, value in made.items()}
    )
