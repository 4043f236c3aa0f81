from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from emulator.clock import SystemClock
from emulator.home import Home
from emulator.identity import TokenIssuer
from emulator.pulumi.installation import install
from tests.emulator.pulumi.sample import Project, StandIn, serving


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, listener: socket.socket) -> Home:
    made = Home(tmp_path / "home")
    made.create(listener.getsockname()[1])
    install(made)
    return made


@pytest.fixture
def arm(home: Home, listener: socket.socket) -> Iterator[StandIn]:
    configuration, secrets = home.load()
    stand_in = StandIn(TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock()))
    methods = ["GET", "PUT", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", stand_in.answer, methods=methods)])
    with serving(app, listener) as stop:
        stand_in.stop = stop
        yield stand_in


@pytest.fixture
def project(tmp_path: Path, home: Home) -> Project:
    return Project(tmp_path / "project", home)
