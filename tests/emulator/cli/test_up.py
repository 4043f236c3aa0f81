"""Options of ``up``: what is served, and how it behaves."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from emulator import process
from emulator.cli import app
from emulator.home import SERVICES
from emulator.server_options import ServerOptions
from tests.emulator.custom_vision.alone import alone

RUN = CliRunner()


def test_what_is_served_alone_needs_no_azurite_and_status_names_it(tmp_path: Path) -> None:
    with alone(tmp_path / "home", ["--limit", "S0.projects=1"]) as emulator:
        home = ["--home", str(emulator.home.root)]
        assert process.running_services(emulator.home) == ["arm", "custom-vision"]
        shown = RUN.invoke(app, ["status", *home]).output
        assert "custom-vision" in shown
        assert "logic-apps" not in shown
        assert not list(emulator.home.azurite.iterdir())
        account = emulator.account("train", "Training")
        base = f"{account.endpoint}customvision/v3.3/training/"
        with httpx.Client(headers={"Training-Key": account.key}, base_url=base) as api:
            assert api.post("projects", params={"name": "one"}).status_code == 200
            refused = api.post("projects", params={"name": "two"})
            assert refused.json()["code"] == "BadRequestExceedProjectLimit"
        again = RUN.invoke(app, ["up", *home, "--time-scale", "1"])
        assert (again.exit_code, "--time-scale" in again.output) == (1, True)
        assert RUN.invoke(app, ["up", *home]).output.startswith("was running already")
    assert process.running_services(emulator.home) == []


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--only", "speech"], "custom-vision"),
        (["--time-scale", "2"], "allowed: 0 to 1"),
        (["--role-delay", "1801"], "allowed: 0 to 1800 seconds"),
        (["--limit", "S0.projects=1000"], "the service's own 100"),
    ],
)
def test_faulty_option_is_refused_with_what_is_allowed(tmp_path: Path, arguments: list[str], shown: str) -> None:
    result = RUN.invoke(app, ["up", "--home", str(tmp_path / "home"), *arguments])
    assert result.exit_code != 0
    assert shown in result.output
    assert not (tmp_path / "home").exists()


def test_options_are_handed_on_to_the_process_that_serves() -> None:
    assert ServerOptions().arguments() == []
    assert ServerOptions().services == list(SERVICES)
    options = ServerOptions(["custom-vision"], 0.5, ["S0.projects=3", "F0.projects=1"], 420)
    assert options.arguments() == [
        *("--only", "custom-vision", "--time-scale", "0.5"),
        *("--limit", "S0.projects=3", "--limit", "F0.projects=1"),
        *("--role-delay", "420"),
    ]
