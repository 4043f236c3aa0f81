"""Runs layers, or the whole program, under Pulumi's mocks."""

import asyncio
import json
import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import Stack

from components.resource_manager import ResourceManager
from tests.unit.recording import PROJECT, ROOT, Cloud, Deployed, Monitor, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Give a function that runs `program` (by default the project's own) and returns what it made.

    What a program that fails has made until then is in `into`.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run(
        config: Mapping[str, str],
        program: Callable[[], Any] | None = None,
        stack_name: str = "test",
        preview: bool = False,
        deleted_accounts: Sequence[Mapping[str, Any]] = (),
        into: Deployed | None = None,
    ) -> Deployed:
        # The one call that the program itself makes; tests/unit/test_deleted_accounts.py has it with HTTP.
        monkeypatch.setattr(ResourceManager, "values", lambda *_: iter(deleted_accounts))
        settings.reset_options()
        deployed = Deployed() if into is None else into
        monitor = Monitor(Cloud(preview), deployed)
        mocks.set_mocks(Cloud(preview), project=PROJECT, stack=stack_name, preview=preview, monitor=monitor)
        set_all_config(dict(config))
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(dict(config)))

        async def whole() -> None:
            if program is None:
                runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
            else:
                program()
            root = settings.get_root_resource()
            assert isinstance(root, Stack)
            for name, output in root.outputs.items():
                output = pulumi.Output.from_input(output)
                if await output.is_known():
                    deployed.outputs[name] = await output.future()
                if await output.is_secret():
                    deployed.secret_outputs.add(name)

        # Waits for every apply and registration that the program has started, and raises what failed in them.
        pulumi.runtime.test(whole)()
        return deployed

    yield run
    settings.reset_options()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
