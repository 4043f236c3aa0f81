"""The plugins as processes, and the shell for plain pulumi."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import IO

import pytest

from emulator.home import Home
from emulator.pulumi import protocol
from emulator.pulumi.environment import environment


@pytest.mark.parametrize("name", ["azure-native", "random"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_prints_its_port_answers_and_ends_quietly(
    home: Home, tmp_path: Path, name: str, number: signal.Signals
) -> None:
    (tmp_path / "emulator").mkdir()  # a program's own folder of this name is not in the plugin's way
    script = home.plugins / f"pulumi-resource-{name}"
    process = subprocess.Popen(
        [script, "127.0.0.1:1"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    port = _first_line(process.stdout)
    stub, close = protocol.provider_client(f"127.0.0.1:{port}")
    assert stub.GetPluginInfo(protocol.empty()).version.count(".") == 2
    close()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_shells_variables_bring_the_plugins_first_and_no_service_of_pulumis(home: Home) -> None:
    found = environment(home)
    assert found["PATH"].split(os.pathsep)[0] == str(home.plugins)
    assert found["PULUMI_BACKEND_URL"].startswith("file:///")
    assert Path(found["PULUMI_BACKEND_URL"].removeprefix("file://")).is_dir()
    _, secrets = home.load()
    assert len(found["PULUMI_CONFIG_PASSPHRASE"]) == 64
    assert secrets.state_encryption_key not in found.values()
    assert environment(home) == found
    for name in ("azure-native", "random"):
        script = home.plugins / f"pulumi-resource-{name}"
        assert os.access(script, os.X_OK)
        assert script.stat().st_mode & 0o077 == 0


def _first_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()
