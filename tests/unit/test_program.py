"""The whole program, for every stack that there is a file for."""

import pytest

from tests.unit.recording import ROOT, Run, stack_config

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_deploys_with_its_file(run: Run, stack: str):
    deployed = run(stack_config(stack), stack_name=stack)
    assert len(deployed.resources) > 40
    assert deployed.outputs["logicAppName"].startswith("logic-retrain-")
    assert deployed.outputs["customVisionProjectId"] == "99999999-0000-4000-8000-000000000000"
