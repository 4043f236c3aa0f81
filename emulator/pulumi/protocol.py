"""The border to the generated gRPC modules of the Pulumi SDK.

Their type stubs name modules that do not exist, so a message is `Any` from here on; nothing else imports them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS as CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
    status_pb2,
)

Message: TypeAlias = Any

engine: Final[Any] = engine_pb2
plugin: Final[Any] = plugin_pb2
provider: Final[Any] = provider_pb2
resource: Final[Any] = resource_pb2

_SERVICES: Final[dict[str, tuple[Any, Any]]] = {
    "Engine": (engine_pb2_grpc.EngineServicer, engine_pb2_grpc.add_EngineServicer_to_server),
    "ResourceMonitor": (
        resource_pb2_grpc.ResourceMonitorServicer,
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server,
    ),
    "ResourceProvider": (
        provider_pb2_grpc.ResourceProviderServicer,
        provider_pb2_grpc.add_ResourceProviderServicer_to_server,
    ),
}


_METADATA: ContextVar[dict[str, str]] = ContextVar("metadata")


class RpcError(Exception):
    """What a method of a service raises to answer with a gRPC status; `detail` is a message for the status' details."""

    def __init__(self, message: str, code: Any = grpc.StatusCode.UNKNOWN, detail: Message | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail


class Server:
    """A gRPC server on a free port of 127.0.0.1."""

    def __init__(self, workers: int) -> None:
        self._workers = ThreadPoolExecutor(workers)
        self._server: Any = grpc.server(self._workers, options=CHANNEL_OPTIONS)
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    def add(self, service: str, implementation: object) -> None:
        """Serve `service` (Engine, ResourceMonitor or ResourceProvider) by the methods of `implementation`.

        An RPC ``GetPluginInfo`` is the method ``get_plugin_info(request)``; an RPC without a method is answered
        UNIMPLEMENTED.
        """
        base, register = _SERVICES[service]
        methods: dict[str, Any] = {}
        for rpc in (name for name in vars(base) if name[0].isupper()):
            method = getattr(implementation, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", rpc).lower(), None)
            if method is not None:
                methods[rpc] = _handler(method)
        register(type(service, (base,), methods)(), self._server)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self, grace_seconds: float | None = None) -> None:
        """End; running calls get `grace_seconds` to finish."""
        self._server.stop(grace_seconds).wait()
        self._workers.shutdown(wait=False)


def provider_client(address: str) -> tuple[Any, Callable[[], None]]:
    """Return a client of the ResourceProvider service at `address`, and what closes its connection.

    It connects with the first call: a plugin tells its address once it listens there.
    """
    channel: Any = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
    return provider_pb2_grpc.ResourceProviderStub(channel), channel.close


def empty() -> Message:
    """Return the empty message."""
    return empty_pb2.Empty()


def call_metadata() -> dict[str, str]:
    """Return the metadata that came with the call that is being answered."""
    return _METADATA.get()


def init_failed(error: Any) -> Message | None:
    """Return the ErrorResourceInitFailed that a failed call carries (created, but not well), or None."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        status = _message(status_pb2, "Status")
        status.ParseFromString(value)
        for detail in status.details:
            failed = provider.ErrorResourceInitFailed()
            if detail.Unpack(failed):
                return failed
    return None


def _handler(method: Callable[[Any], Any]) -> Callable[[object, Any, Any], Any]:
    def handle(_: object, request: Any, context: Any) -> Any:
        _METADATA.set({key: value for key, value in context.invocation_metadata() if isinstance(value, str)})
        try:
            return method(request)
        except RpcError as error:
            if error.detail is not None:
                status = _message(status_pb2, "Status")
                status.code = error.code.value[0]
                status.message = error.message
                status.details.add().Pack(error.detail)
                context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(error.code, error.message)
        except Exception as error:  # any other failure has to reach the caller as an answer too
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    return handle


def _message(module: Any, name: str) -> Message:
    return getattr(module, name)()
