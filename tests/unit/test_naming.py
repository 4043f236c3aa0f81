import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import naming
from components.naming import DeploymentName

LEGAL = st.from_regex(r"[A-Za-z0-9_.-]{1,100}", fullmatch=True)
DEPLOYMENTS = st.builds(DeploymentName, LEGAL, LEGAL, st.from_regex(r"[a-z0-9]{6}", fullmatch=True))

RULES: dict[str, tuple[Callable[[DeploymentName], str], str, int]] = {
    "resource group": (naming.resource_group, r"[-\w._()]*[-\w_()]", 90),
    "storage account": (naming.storage_account, r"[a-z0-9]{3,24}", 24),
    "training account": (naming.training_account, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])", 63),
    "prediction account": (naming.prediction_account, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])", 63),
    "workflow": (lambda deployment: naming.workflow("retrain", deployment), r"[-\w.()]+", 43),
    "workspace": (naming.workspace, r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]", 63),
    "action group": (naming.action_group, r"[^:<>+/&%\\?|]*[^:<>+/&%\\?| .]", 260),
    "alert": (lambda deployment: naming.metric_alert("runs-failed", deployment), r"[^*#&+:<>?@%{}\\/|]*[^ .]", 260),
    "custom role": (naming.custom_role, r".*", 512),
}


@pytest.mark.parametrize("kind", RULES)
@given(deployment=DEPLOYMENTS)
def test_every_name_is_legal_for_every_legal_project_and_stack(kind: str, deployment: DeploymentName):
    make, pattern, limit = RULES[kind]
    name = make(deployment)
    assert len(name) <= limit
    assert re.fullmatch(pattern, name), name


@pytest.mark.parametrize("kind", RULES)
@given(deployment=DEPLOYMENTS, other=st.from_regex(r"[a-z0-9]{6}", fullmatch=True))
def test_another_suffix_is_another_name_however_long_the_rest_is(kind: str, deployment: DeploymentName, other: str):
    make = RULES[kind][0]
    twin = DeploymentName(deployment.project, deployment.stack, other)
    assert (make(deployment) == make(twin)) == (deployment.suffix == other)


@given(deployment=DEPLOYMENTS)
def test_the_two_accounts_never_share_a_name(deployment: DeploymentName):
    assert naming.training_account(deployment) != naming.prediction_account(deployment)


def test_the_project_is_cut_before_the_stack():
    deployment = DeploymentName("p" * 100, "staging", "abc123")
    assert naming.workflow("retrain", deployment) == "logic-retrain-" + "p" * 14 + "-staging-abc123"
    assert naming.storage_account(deployment) == "st" + "p" * 9 + "staging" + "abc123"


def test_the_default_names_are_readable():
    deployment = DeploymentName("custom-vision-retraining", "dev", "abc123")
    assert naming.resource_group(deployment) == "rg-custom-vision-retraining-dev-abc123"
    assert naming.training_account(deployment) == "cv-train-custom-vision-retraining-dev-abc123"


def test_the_short_name_of_the_action_group_fits():
    assert 1 <= len(naming.ACTION_GROUP_SHORT_NAME) <= 12
