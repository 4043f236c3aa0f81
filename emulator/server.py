"""Builds every service of the emulator, joins them, and serves them in one process until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from datetime import timedelta

import httpx
import uvicorn
from starlette.types import ASGIApp

from emulator import process
from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import Clock, SystemClock
from emulator.custom_vision.service import CustomVision
from emulator.faults.endpoint import FaultEndpoint
from emulator.faults.middleware import Faulty
from emulator.faults.switch import FaultSwitch
from emulator.home import SERVICES, Configuration, Home, HomeError
from emulator.identity import TokenIssuer
from emulator.logic_apps.service import LogicApps
from emulator.loopback import LoopbackOnly
from emulator.monitor.service import Monitor
from emulator.portal.service import Portal
from emulator.server_options import ServerOptions
from emulator.service import Service
from emulator.storage.service import Storage
from emulator.telemetry import MetricSink, NoMetrics

_GRACE_SECONDS = 5
"""How long requests under way may take to finish when the emulator stops."""
_KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest; longer than clients keep one, or they use some that are just being closed (reset)."""


class Emulator:
    """The services over one home folder.

    Args:
        home: where everything is kept.
        clock: tells the time.
        transport: makes the calls of workflows, by default the network.
        options: which services there are, and how they behave.
    """

    def __init__(
        self,
        home: Home,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        options: ServerOptions | None = None,
    ) -> None:
        self.home = home
        self.clock = clock or SystemClock()
        self.configuration, secrets = home.create()
        options = options or ServerOptions()
        chosen = options.services
        url = self.configuration.url
        issuer = self._issuer = TokenIssuer(secrets.token_signing_key, self.configuration.tenant_id, self.clock)
        self._faults = FaultSwitch()
        authorization = Authorization(
            home.database / "arm", self.configuration, self.clock, timedelta(seconds=options.role_delay)
        )
        services: dict[str, Service] = {}
        metrics: MetricSink = NoMetrics()
        if "monitor" in chosen:
            monitor = Monitor(home.database / "monitor", url("monitor"), self.clock, issuer, authorization)
            services["monitor"], metrics = monitor, monitor.metrics
        if "storage" in chosen:
            services["storage"] = Storage(home.azurite, url("storage"), self.clock, issuer, authorization, metrics)
        if "custom-vision" in chosen:
            services["custom-vision"] = CustomVision(
                home.images,
                url("custom-vision"),
                self.clock,
                metrics,
                tiers=options.tiers,
                time_scale=options.time_scale,
            )
        if "logic-apps" in chosen:
            services["logic-apps"] = LogicApps(
                home.database / "logic_apps",
                url("logic-apps"),
                self.clock,
                issuer,
                metrics,
                secrets,
                transport,
                authority=url("arm"),
            )
        providers = [provider for name in SERVICES if name in services for provider in services[name].providers]
        services["arm"] = ControlPlane(
            home.database / "arm", self.configuration, self.clock, issuer, authorization, [authorization, *providers]
        )
        if "portal" in chosen:
            services["portal"] = Portal(self.configuration, issuer, self.clock)
        self.services: Mapping[str, Service] = {name: services[name] for name in chosen}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[Configuration]:
        """Serve every service while the context lasts.

        Raises:
            HomeError: a port is taken by another program.
        """
        async with contextlib.AsyncExitStack() as stack:
            listeners = {name: stack.enter_context(_listener(name, self.configuration)) for name in self.services}
            for name, service in self.services.items():
                await stack.enter_async_context(_serving(self._served(name, service), listeners[name]))
            for service in self.services.values():
                await service.start()
                stack.push_async_callback(service.stop)
            yield self.configuration

    def _served(self, name: str, service: Service) -> ASGIApp:
        app = Faulty(name, service.app, self._faults, self.clock)
        if name != "arm":
            return app
        return FaultEndpoint(app, self._faults, self._issuer, self.configuration.person_id)

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM; the pid file of the home names this process meanwhile."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        async with self.running():
            process.record(self.home, self.services)
            try:
                await stopped.wait()
            finally:
                self.home.pid.unlink(missing_ok=True)


@contextlib.contextmanager
def _listener(name: str, configuration: Configuration) -> Generator[socket.socket]:
    port = configuration.ports[name]
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    except OSError as error:
        raise HomeError(
            f"port {port} of 127.0.0.1, where the emulator's {name} listens, is taken by another program: {error}; "
            f"end that program, or use another --home, which picks free ports"
        ) from error
    with listener:
        # Taken over by each connection. asyncio would set it, but does not know these for TCP; without it every second
        # part of an answer waits for the client's delayed acknowledgement, 40 ms on Linux.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the emulator."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def server_configuration(app: ASGIApp) -> uvicorn.Config:
    """Return how every service is served: to this machine alone, on connections that clients end first."""
    return uvicorn.Config(
        LoopbackOnly(app),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
    )


@contextlib.asynccontextmanager
async def _serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    server = _Server(server_configuration(app))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task
