"""Names of the Azure resources: pure functions of project, stack and a random suffix.

Lengths and characters are those of
`Naming rules and restrictions for Azure resources
<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>`_.
Pulumi allows letters, digits, ``-``, ``_`` and ``.`` in the names of projects and stacks, up to 100 of them. What a
type does not allow becomes a hyphen or is left out, and what is too long is cut: first the project's name, then the
stack's, never the suffix, which is what keeps two deployments apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SUFFIX_LENGTH: Final = 6
"""Characters of the random suffix, a-z and 0-9: 2 thousand million values."""

RESOURCE_GROUP_LENGTH: Final = 90
STORAGE_ACCOUNT_LENGTH: Final = 24
CUSTOM_SUBDOMAIN_LENGTH: Final = 63
"""A Cognitive Services account may have 64 characters, but its custom subdomain is a DNS label, which has 63."""
WORKFLOW_LENGTH: Final = 43
WORKSPACE_LENGTH: Final = 63
ALERT_LENGTH: Final = 260
DATA_COLLECTION_LENGTH: Final = 44
ACTION_GROUP_SHORT_NAME: Final = "CV retrain"
"""At most 12 characters: e-mails and messages begin with it."""


@dataclass(frozen=True)
class DeploymentName:
    """What tells one deployment from another.

    `suffix` has `SUFFIX_LENGTH` characters of a-z and 0-9.
    """

    project: str
    stack: str
    suffix: str


def resource_group(deployment: DeploymentName) -> str:
    """Return the resource group's name: 1-90 characters, unique in the subscription."""
    return _fit("rg", deployment, limit=RESOURCE_GROUP_LENGTH)


def storage_account(deployment: DeploymentName) -> str:
    """Return the storage account's name: 3-24 lower-case letters and digits, unique in all of Azure."""
    return _fit("st", deployment, limit=STORAGE_ACCOUNT_LENGTH, separator="")


def training_account(deployment: DeploymentName) -> str:
    """Return the name, and custom subdomain, of the Custom Vision training account, unique in all of Azure."""
    return _fit("cv-train", deployment, limit=CUSTOM_SUBDOMAIN_LENGTH)


def prediction_account(deployment: DeploymentName) -> str:
    """Return the name, and custom subdomain, of the Custom Vision prediction account, unique in all of Azure."""
    return _fit("cv-predict", deployment, limit=CUSTOM_SUBDOMAIN_LENGTH)


def workflow(kind: str, deployment: DeploymentName) -> str:
    """Return the name of the Logic App of the workflow `kind`, e.g. ``retrain``: 1-43 characters."""
    return _fit(f"logic-{kind}", deployment, limit=WORKFLOW_LENGTH)


def workspace(deployment: DeploymentName) -> str:
    """Return the Log Analytics workspace's name: 4-63 letters, digits and hyphens."""
    return _fit("log", deployment, limit=WORKSPACE_LENGTH)


def action_group(deployment: DeploymentName) -> str:
    """Return the action group's name: 1-260 characters."""
    return _fit("ag", deployment, limit=ALERT_LENGTH)


def metric_alert(kind: str, deployment: DeploymentName) -> str:
    """Return the name of the metric alert `kind`, e.g. ``runs-failed``: 1-260 characters."""
    return _fit(f"alert-{kind}", deployment, limit=ALERT_LENGTH)


def scheduled_query_rule(kind: str, deployment: DeploymentName) -> str:
    """Return the name of the alert rule `kind` over logs, e.g. ``stuck-run``: 1-260 characters."""
    return _fit(f"alert-{kind}", deployment, limit=ALERT_LENGTH)


def data_collection_endpoint(deployment: DeploymentName) -> str:
    """Return the data collection endpoint's name: 3-44 characters."""
    return _fit("dce", deployment, limit=DATA_COLLECTION_LENGTH)


def data_collection_rule(deployment: DeploymentName) -> str:
    """Return the data collection rule's name: 3-64 characters, cut like the endpoint's."""
    return _fit("dcr", deployment, limit=DATA_COLLECTION_LENGTH)


def custom_role(deployment: DeploymentName) -> str:
    """Return the custom role's display name: at most 512 characters, unique in the Entra tenant."""
    return f"Custom Vision retraining ({deployment.project}/{deployment.stack}/{deployment.suffix})"


def _fit(kind: str, deployment: DeploymentName, limit: int, separator: str = "-") -> str:
    stack = _clean(deployment.stack, separator)
    fixed = len(kind) + len(deployment.suffix) + 3 * len(separator)
    stack = stack[: limit - fixed]
    project = _clean(deployment.project, separator)[: limit - fixed - len(stack)]
    # A cut may leave a separator at the end of a part; two in a row are not allowed everywhere.
    parts = (kind, project.strip("-"), stack.strip("-"), deployment.suffix)
    return separator.join(part for part in parts if part)


def _clean(text: str, separator: str) -> str:
    return re.sub(r"[^a-z0-9]+", separator, text.lower()).strip("-")
