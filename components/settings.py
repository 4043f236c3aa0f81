"""The settings of a stack, read from Pulumi's configuration and checked before the first resource."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import pulumi

from components import regions
from components.alert_settings import ALERT_SETTINGS, AlertSettings
from components.declared_settings import LOCATION, SETTINGS
from components.domains import CLASSIFICATION_DOMAINS, Domain
from components.retraining_settings import RETRAINING_SETTINGS, contradictions
from components.setting import Setting
from components.setting_values import NotAllowedError


@dataclass(frozen=True)
class Settings:
    """What one stack is to look like; see `SETTINGS` for each field's meaning, unit and limits.

    `retraining` has the settings of `RETRAINING_SETTINGS` by key, as the workflow's parameter `settings` takes them.
    """

    location: str
    environment_tags: Mapping[str, str]
    existing_resource_group: str | None
    existing_workspace_id: str | None
    protect_data: bool
    purge_on_destroy: bool
    allow_unlisted_region: bool
    storage_sku: str
    retention_days_processed: int
    retention_days_rejected: int
    custom_vision_sku: str
    training_allowed_addresses: tuple[str, ...]
    prediction_allowed_addresses: tuple[str, ...]
    custom_vision_project_name: str
    adopt_project_id: str | None
    domain: str
    classification_type: str
    target_export_platforms: tuple[str, ...]
    publish_name: str
    retraining: Mapping[str, bool | int | float | str]
    poll_interval_seconds: int
    training_poll_seconds: int
    manual_callers: tuple[str, ...]
    log_retention_days: int
    alert_email: str | None
    notice_webhook: str | None = field(repr=False)
    custom_vision_error_threshold: int
    alerts: AlertSettings
    resource_manager_endpoint: str
    resource_manager_audience: str
    portal_endpoint: str
    storage_audience: str
    monitor_audience: str

    @property
    def domain_id(self) -> str:
        """The GUID under which Custom Vision knows the domain."""
        return CLASSIFICATION_DOMAINS[self.domain].id

    @property
    def retains_accounts(self) -> bool:
        """Whether the Custom Vision accounts, and the group they lie in, stay in Azure when the stack is destroyed.

        They do where data is protected, and where a project is adopted, which would go with its account.
        """
        return self.protect_data or self.adopt_project_id is not None

    def tags(self, project: str, stack: str) -> dict[str, str]:
        """Return the tags of every resource: the program's own, and the user's beside them."""
        environment = {} if "environment" in map(str.lower, self.environment_tags) else {"environment": stack}
        own = {"project": project, "stack": stack, "purpose": "ml-automation", **environment}
        return {**own, **self.environment_tags}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the configuration: which key, its value, and what is allowed."""

    key: str
    value: str | None
    allowed: str

    def __str__(self) -> str:
        """Say it in one line."""
        found = "is not set" if self.value is None else f"is {self.value!r}"
        return f"{self.key} {found}; allowed: {self.allowed}"


class SettingsError(pulumi.RunError):
    """The stack's configuration cannot be deployed; `faults` has everything that is wrong with it.

    A RunError, so that Pulumi shows the message and no traceback.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("the stack's configuration has faults:\n" + "\n".join(f"  - {fault}" for fault in faults))


def load() -> Settings:
    """Read the settings of the stack that is being deployed.

    Raises:
        SettingsError: with all faults together.
    """
    config = pulumi.Config()
    faults: list[Fault] = []
    values = {setting.attribute: _read(setting, setting.key, config.get, faults) for setting in SETTINGS}
    values["retraining"] = {setting.key: values.pop(setting.attribute) for setting in RETRAINING_SETTINGS}
    values["alerts"] = AlertSettings(**{each.attribute: values.pop(each.attribute) for each in ALERT_SETTINGS})
    values["location"] = _read(LOCATION, "location", pulumi.Config("azure-native").get, faults)
    if values["location"] is None and all(fault.key != LOCATION.key for fault in faults):
        faults.append(Fault(LOCATION.key, None, LOCATION.kind.allowed))
    faults += _unknown_keys(config.name)
    if not faults:
        faults += _contradictions(values)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


def _read(setting: Setting, key: str, get: Callable[[str], str | None], faults: list[Fault]) -> Any:
    text = get(key)
    if text is None or (text == "" and setting.default is None):
        text = _text_of(setting.default)
    if text is None:
        return None
    try:
        return setting.kind.read(text)
    except NotAllowedError:
        faults.append(Fault(setting.key, "[secret]" if setting.secret else text, setting.kind.allowed))
        return None


def _text_of(default: Any) -> str | None:
    if default is None or isinstance(default, str):
        return default
    return json.dumps(default)


def _unknown_keys(namespace: str) -> list[Fault]:
    """A mistyped key would silently leave the default in force."""
    known = [setting.key for setting in SETTINGS]
    # The engine's own contract with language runtimes: PULUMI_CONFIG holds all keys (pulumi.Config lists none).
    keys = json.loads(os.environ.get("PULUMI_CONFIG", "{}"))
    unknown = [key.removeprefix(f"{namespace}:") for key in keys if key.startswith(f"{namespace}:")]
    faults: list[Fault] = []
    for key in unknown:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"the settings of Pulumi.yaml; did you mean {near[0]}?" if near else "the settings of Pulumi.yaml"
            faults.append(Fault(f"{namespace}:{key}", str(keys[f"{namespace}:{key}"]), hint))
    return faults


def _contradictions(values: Mapping[str, Any]) -> list[Fault]:
    faults = [Fault(key, value, allowed) for key, value, allowed in contradictions(values["retraining"])]
    if values["purge_on_destroy"] and values["protect_data"]:
        faults.append(Fault("purgeOnDestroy", "true", "false, because protectData is true"))
    if values["location"] not in regions.CUSTOM_VISION_REGIONS and not values["allow_unlisted_region"]:
        listed = ", ".join(sorted(regions.CUSTOM_VISION_REGIONS))
        allowed = f"{listed} ({regions.SOURCE}, {regions.AS_OF}), or any with allowUnlistedRegion"
        faults.append(Fault(LOCATION.key, values["location"], allowed))
    domain: Domain = CLASSIFICATION_DOMAINS[values["domain"]]
    platforms: tuple[str, ...] = values["target_export_platforms"]
    if platforms and not domain.exportable:
        compact = ", ".join(name for name, each in CLASSIFICATION_DOMAINS.items() if each.exportable)
        faults.append(
            Fault("domain", values["domain"], f"{compact}, because targetExportPlatforms is {list(platforms)}")
        )
    return faults
