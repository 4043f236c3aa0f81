"""Every stack of the project: what a preview promises is what a deployment does, and there is no second time."""

import pytest

from tests.lifecycle.rehearsal import STACKS, Rehearsal, counts

CHANGED = {"environmentTags": '{"team": "vision"}', "logRetentionDays": "90", "gateTolerance": "0.3"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_makes_nothing_and_a_second_deployment_changes_nothing(stage: Rehearsal, stack: str) -> None:
    before = stage.everything()
    promised = counts(stage.deployment(stack).preview())
    assert set(promised) == {"created"}
    assert stage.everything() == before
    assert not (stage.home.stacks / "custom-vision-retraining" / f"{stack}.json").exists()

    assert counts(stage.deployment(stack).up()) == promised
    assert stage.unmanaged() == (set(), set())
    deployed, state = stage.everything(), stage.state_text(stack)
    unchanged = {"unchanged": promised["created"]}
    assert counts(stage.deployment(stack).up()) == unchanged
    assert set(counts(stage.deployment(stack).refresh())) == {"unchanged"}
    assert counts(stage.deployment(stack).up()) == unchanged
    assert (stage.everything(), stage.state_text(stack)) == (deployed, state)

    previewed = counts(stage.deployment(stack, CHANGED).preview())
    shown = stage.steps()
    assert previewed["updated"] == len(shown) > 20
    assert {change.path for change in shown["monitoring-workspace"].changes} == {"retentionInDays", "tags.team"}
    (change,) = shown["data-account"].changes
    assert (change.path, change.kind, change.old, change.new) == ("tags.team", "add", None, "vision")
    assert (stage.everything(), stage.state_text(stack)) == (deployed, state)
    assert counts(stage.deployment(stack, CHANGED).up()) == previewed
    assert stage.steps() == shown
