"""The roles that the program assigns, and how ARM names them.

Ids of built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from __future__ import annotations

import re
from typing import Final

STORAGE_BLOB_DATA_CONTRIBUTOR: Final = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
STORAGE_BLOB_DATA_READER: Final = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
MONITORING_METRICS_PUBLISHER: Final = "3913510d-42f4-4e42-8a64-420c390055eb"

RETRAINING_ACTIONS: Final = (
    "Microsoft.Storage/storageAccounts/listServiceSas/action",
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.Logic/workflows/runs/read",
)
"""What a retraining run asks Azure Resource Manager for: a SAS of the training images, the keys of the training
account, and whether the run that holds the lock still runs. Built-in roles with one of these have many more actions."""


def definition_id(scope: str, role: str) -> str:
    """Return the ARM id of the role definition with the GUID `role`, for an assignment on any id of a subscription.

    Azure gives role definitions back at the level of the subscription, whatever scope they were made on; an id in any
    other form would look like a change after a refresh.

    Raises:
        ValueError: `scope` is no ARM id below a subscription.
    """
    subscription = re.match(r"/subscriptions/[^/]+", scope)
    if subscription is None:
        raise ValueError(f"{scope!r} is no ARM id below a subscription")
    return f"{subscription[0]}/providers/Microsoft.Authorization/roleDefinitions/{role}"
