import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.azure_login import CommandTokens
from emulator.arm.applications import Applications, InvalidSecretError
from emulator.arm.directory import Directory
from emulator.cli import app
from emulator.clock import SystemClock
from emulator.home import DEFAULT_PORTS, Home
from emulator.identity import ARM_AUDIENCES, STORAGE_AUDIENCES, TokenIssuer
from emulator.pulumi.environment import environment

RUN = CliRunner()
COMMANDS = (
    "up",
    "down",
    "status",
    "env",
    "token",
    "register",
    "preview",
    "deploy",
    "refresh",
    "destroy",
    "output",
    "demo",
    "eval",
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_help_names_every_command_and_what_it_does():
    shown = RUN.invoke(app, ["--help"]).output
    for command in COMMANDS:
        assert f"  {command} " in shown
    assert "serve" not in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str):
    result = RUN.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_a_token_is_the_persons_for_the_audience(home: Home):
    result = RUN.invoke(app, ["token", "--audience", ARM_AUDIENCES[0], "--home", str(home.root)])
    assert result.exit_code == 0
    configuration, secrets = home.load()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    principal = issuer.verify(result.output.strip(), ARM_AUDIENCES)
    assert (principal.object_id, principal.kind) == (configuration.person_id, "User")


def test_a_token_of_an_identity(home: Home):
    identity = "22222222-0000-0000-0000-000000000000"
    arguments = ["token", "--audience", STORAGE_AUDIENCES[0], "--principal", identity, "--home", str(home.root)]
    configuration, secrets = home.load()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    principal = issuer.verify(RUN.invoke(app, arguments).output.strip(), STORAGE_AUDIENCES)
    assert (principal.object_id, principal.kind) == (identity, "ServicePrincipal")


def test_a_registered_application_authenticates_with_the_secret_that_was_printed(home: Home):
    made = json.loads(RUN.invoke(app, ["register", "client", "--home", str(home.root)]).output)
    directory = Directory(home.database / "arm")
    applications = Applications(home.database / "arm", directory)
    principal = applications.authenticate(made["clientId"], made["secret"])
    assert (principal.object_id, principal.kind, principal.name) == (made["objectId"], "ServicePrincipal", "client")
    assert directory.find(made["objectId"]) == principal
    with pytest.raises(InvalidSecretError):
        applications.authenticate(made["clientId"], made["secret"] + "x")
    applications.close()
    directory.close()


def test_a_token_for_a_storage_accounts_own_address(home: Home):
    configuration, _ = home.load()
    audience = f"{configuration.url('storage')}/stcv"
    assert RUN.invoke(app, ["token", "--audience", audience, "--home", str(home.root)]).exit_code == 0


@pytest.mark.parametrize("audience", ["storage", "https://example.org/"])
def test_an_unknown_audience_is_refused_with_the_known_ones(home: Home, audience: str):
    result = RUN.invoke(app, ["token", "--audience", audience, "--home", str(home.root)])
    assert result.exit_code == 2
    assert STORAGE_AUDIENCES[0] in result.output


@pytest.mark.parametrize("command", [["status"], ["deploy"], ["preview"], ["destroy", "--yes"]])
def test_without_an_emulator_a_command_says_how_to_start_one(tmp_path: Path, command: list[str]):
    result = RUN.invoke(app, [*command, "--home", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "python -m emulator up" in result.output


def test_down_of_nothing_is_no_error(tmp_path: Path):
    result = RUN.invoke(app, ["down", "--home", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "was not running\n")


def test_env_is_what_a_shell_evaluates(home: Home):
    result = RUN.invoke(app, ["env", "--home", str(home.root)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert all(line.startswith("export ") and "=" in line for line in lines)
    names = {line.removeprefix("export ").partition("=")[0] for line in lines}
    assert {"EMULATOR_HOME", "PATH", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"} <= names


def test_the_shell_has_a_command_for_tokens_that_works_in_any_folder(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    token = CommandTokens(environment(home)["AZURE_TOKEN_COMMAND"])(ARM_AUDIENCES[0])
    configuration, secrets = home.load()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    assert issuer.verify(token, ARM_AUDIENCES).object_id == configuration.person_id


def test_env_says_so_where_the_emulator_has_ports_of_its_own(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create(port_base=DEFAULT_PORTS["arm"] + 100)
    result = RUN.invoke(app, ["env", "--home", str(home.root)])
    assert f"resourceManagerEndpoint=http://127.0.0.1:{DEFAULT_PORTS['arm'] + 100}/" in result.stderr


def test_a_setting_has_to_be_key_and_value(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("emulator.process.running_pid", lambda home: 1)
    result = RUN.invoke(app, ["preview", "--config", "pollIntervalSeconds", "--home", str(home.root)])
    assert result.exit_code == 2
    assert "'pollIntervalSeconds' is not KEY=VALUE" in result.output


def test_the_demos_images_are_checked_before_anything_is_started(tmp_path: Path):
    result = RUN.invoke(app, ["demo", "--images", str(tmp_path / "none"), "--home", str(tmp_path / "home")])
    assert result.exit_code == 1
    assert "no such folder; it has to hold <label>/<file>" in result.output
    assert not (tmp_path / "home" / "configuration.json").exists()


def test_the_demo_never_removes_a_folder_that_is_not_an_emulators(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = RUN.invoke(app, ["demo", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "not an emulator's folder; choose another --home" in result.output
    assert (tmp_path / "thesis.txt").exists()
