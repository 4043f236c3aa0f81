"""How the configuration of a stack is settled and judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.pulumi.engine.configuration import load_configuration, load_project
from emulator.pulumi.engine.errors import DeploymentError

DECLARED = """
name: sample
runtime: {name: python, options: {virtualenv: .venv}}
config:
  text: {type: string, default: a}
  count: {type: integer}
  flags: {type: array, items: {type: string}, default: []}
  labels: {type: object, default: {}}
  password: {type: string, secret: true, default: ""}
  on: {type: boolean, default: false}
  azure-native:location: {value: westeurope}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(DECLARED)
    return tmp_path


def settle(folder: Path, **overrides: str) -> dict[str, str]:
    return dict(load_configuration(load_project(folder), "local", overrides).values)


def test_a_stacks_values_win_over_defaults_and_overrides_over_both(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text(
        "config: {sample:count: 3, sample:text: b, sample:labels: {x: 1}, azure-native:location: northeurope}"
    )
    assert settle(folder, count="4", on="true", flags="[p, q]") == {
        "sample:text": "b",
        "sample:count": "4",
        "sample:flags": '["p", "q"]',
        "sample:labels": '{"x": 1}',
        "sample:password": "",
        "sample:on": "true",
        "azure-native:location": "northeurope",
    }


def test_text_that_reads_as_the_type_is_of_the_type(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text('config: {sample:count: "12", sample:on: "true"}')
    assert settle(folder)["sample:count"] == "12"
    assert settle(folder)["sample:on"] == "true"
    (folder / "Pulumi.local.yaml").write_text('config: {sample:count: "12.5", sample:on: "yes"}')
    with pytest.raises(DeploymentError, match=r"sample:count is '12\.5'.*sample:on is 'yes'"):
        settle(folder)


def test_secret_keys_are_marked(folder: Path) -> None:
    configuration = load_configuration(load_project(folder), "local", {"count": "1"})
    assert configuration.secret_keys == {"sample:password"}
    assert configuration.of("azure-native") == {"location": "westeurope"}


def test_every_key_at_fault_is_named(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text("config: {sample:on: maybe, sample:flags: [1], sample:colour: red}")
    with pytest.raises(DeploymentError) as caught:
        settle(folder)
    message = str(caught.value)
    assert "sample:on is 'maybe'; it must be of type boolean" in message
    assert "sample:flags[0] is 1; it must be of type string" in message
    assert "sample:colour is not declared in Pulumi.yaml; declared are count, flags" in message
    assert "sample:count (integer) is missing and has no default; set it in Pulumi.local.yaml" in message


def test_a_secret_of_the_wrong_type_is_not_shown(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text("config: {sample:count: 1, sample:password: 47110815}")
    with pytest.raises(DeploymentError, match=r"sample:password is \[secret\]; it must be of type string") as caught:
        settle(folder)
    assert "47110815" not in str(caught.value)


def test_a_value_that_the_cli_encrypted_is_refused_by_name(folder: Path) -> None:
    (folder / "Pulumi.local.yaml").write_text("config: {sample:count: 1, sample:password: {secure: v1abc}}")
    with pytest.raises(DeploymentError, match=r"sample:password in Pulumi\.local\.yaml is encrypted"):
        settle(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nruntime: nodejs\n", "runtime is 'nodejs'; allowed: python"),
        ("runtime: python\n", "name is None; it must be the project's name"),
        ("[", "is not valid YAML"),
        ("- a\n", "must be a mapping"),
        ("name: x\nruntime: python\nconfig: {a: {type: text}}\n", "config.a.type is 'text'; allowed: string, integer"),
        ("name: x\nruntime: python\nconfig: {a: }\n", "config.a is None; allowed: a value"),
        ("name: x\nruntime: python\nconfig: {a: {type: integer, default: b}}\n", "config.a.default is 'b'; it must be"),
    ],
)
def test_a_project_file_that_is_not_valid_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(DeploymentError) as caught:
        load_project(tmp_path)
    assert message in str(caught.value)


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"Pulumi\.yaml is missing"):
        load_project(tmp_path)
