import json
from typing import Any

import jsonschema
import pytest
import yaml

from components import settings_reference
from components.declared_settings import SETTINGS
from components.retraining_settings import RETRAINING_SETTINGS, settings_schema
from components.setting import Setting
from components.setting_values import NotAllowedError
from tests.unit.recording import ROOT


def declared() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]


def test_pulumi_yaml_is_what_the_settings_say():
    assert settings_reference.PROJECT_FILE.read_text(encoding="utf-8") == settings_reference.project_file()


def test_the_configuration_page_is_what_the_settings_say():
    assert settings_reference.CONFIGURATION_PAGE.read_text(encoding="utf-8") == settings_reference.configuration_page()


def test_the_schema_of_settings_json_is_what_the_settings_say():
    assert settings_reference.SETTINGS_SCHEMA.read_text(encoding="utf-8") == settings_reference.schema_text()


@pytest.mark.parametrize("setting", RETRAINING_SETTINGS, ids=lambda setting: setting.key)
def test_the_schema_takes_what_the_deployment_takes(setting: Setting):
    schema = settings_schema()["properties"][setting.key]
    deployed = setting.kind.read(setting.default if isinstance(setting.default, str) else json.dumps(setting.default))
    jsonschema.validate(deployed, schema)
    for text in ("-1", "1000001", "Fast", "0.5", "true", "17", "all"):
        try:
            value = setting.kind.read(text)
        except NotAllowedError:
            value = text if text.isalpha() and text != "true" else json.loads(text)
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(value, schema)
        else:
            jsonschema.validate(value, schema)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_the_declared_default_is_allowed_and_of_the_declared_type(setting: Setting):
    entry = declared()[setting.key]
    types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    assert type(entry["default"]) is types[entry["type"]]
    if setting.default is not None:
        assert entry["default"] == setting.default


def test_every_setting_is_declared_and_described():
    assert list(declared()) == [setting.key for setting in SETTINGS]
    assert all(entry["description"] for entry in declared().values())
    page = settings_reference.configuration_page()
    assert all(f"| `{setting.key}` |" in page for setting in SETTINGS)


@pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_stack_file_sets_only_what_is_declared(path: Any):
    keys = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    own = {key.split(":", 1)[1] for key in keys if not key.startswith("azure-native:")}
    assert own <= set(declared())
    assert "azure-native:location" in keys
