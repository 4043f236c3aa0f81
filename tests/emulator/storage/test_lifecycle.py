"""Lifecycle policies: what is refused, and what a day's execution does to blobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.clock import ManualClock
from tests.emulator.storage.clouds import Cloud


def rule(name: str = "one", actions: dict[str, Any] | None = None, **filters: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Lifecycle",
        "definition": {
            "actions": actions or {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}},
            "filters": {"blobTypes": ["blockBlob"], **filters},
        },
    }


def policy(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"policy": {"rules": list(rules)}}}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (policy(rule(), rule()), "two rules named 'one'"),
        (policy(rule(prefixMatch=["Bad_Container/a"])), "'Bad_Container/a'"),
        (policy(rule(prefixMatch=["/5/"])), "'/5/'"),
        (policy(rule(prefixMatch=[f"abc/{n}" for n in range(11)])), "prefixMatch"),
        (policy(rule(actions={"baseBlob": {}})), "'one' has no action"),
        (policy(rule(actions={"baseBlob": {"delete": {}}})), "by one of daysAfterModificationGreaterThan"),
        (
            policy(rule(actions={"baseBlob": {"delete": {"daysAfterLastAccessTimeGreaterThan": 1}}})),
            "daysAfterLastAccessTimeGreaterThan",
        ),
        (
            policy(rule(actions={"snapshot": {"delete": {"daysAfterModificationGreaterThan": 1}}})),
            "daysAfterCreationGreaterThan",
        ),
        (policy(rule(actions={"baseBlob": {"delete": {"daysAfterModificationGreaterThan": -1}}})), "-1"),
        (policy(rule(blobTypes=["pageBlob"])), "blockBlob"),
    ],
)
def test_a_policy_that_azure_refuses_is_refused(cloud: Cloud, account: str, body: dict[str, Any], named: str) -> None:
    answer = cloud.arm.put(f"{cloud.account_id(account)}/managementPolicies/default", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def aging(tmp_path: Path, clock: ManualClock) -> Iterator[Cloud]:
    """A service whose clock the test moves; blobs carry the machine's time."""
    with Cloud(tmp_path, clock).running() as running:
        running.put_account("aging")
        for container in ("processed", "processed-more", "kept"):
            running.put_container("aging", container)
        yield running


def names(cloud: Cloud, container: str) -> list[str]:
    return [blob.name for blob in cloud.client("aging").get_container_client(container).list_blobs()]


def put_policy(cloud: Cloud, *rules: dict[str, Any]) -> None:
    answer = cloud.arm.put(f"{cloud.account_id('aging')}/managementPolicies/default", json=policy(*rules))
    assert answer.is_success, answer.text


def advance(cloud: Cloud, clock: ManualClock, days: float) -> None:
    """Move the clock and execute the policies; the daily task itself runs as well, to the same end."""
    cloud.run(clock.advance(timedelta(days=days).total_seconds()))
    cloud.run(cloud.storage.run_lifecycle())


def test_old_blobs_below_the_prefix_are_deleted_when_their_days_are_over(aging: Cloud, clock: ManualClock) -> None:
    for container in ("processed", "processed-more", "kept"):
        aging.client("aging").get_blob_client(container, "run1/5/a.jpg").upload_blob(b"")
    put_policy(aging, rule(prefixMatch=["processed/"]))
    advance(aging, clock, 29)
    assert names(aging, "processed") == ["run1/5/a.jpg"]
    advance(aging, clock, 2)
    assert names(aging, "processed") == []
    assert names(aging, "processed-more") == names(aging, "kept") == ["run1/5/a.jpg"]


def test_a_disabled_rule_and_a_deleted_policy_do_nothing(aging: Cloud, clock: ManualClock) -> None:
    aging.client("aging").get_blob_client("processed", "a").upload_blob(b"")
    put_policy(aging, rule() | {"enabled": False})
    advance(aging, clock, 40)
    put_policy(aging, rule())
    assert aging.arm.delete(f"{aging.account_id('aging')}/managementPolicies/default").status_code == 200
    advance(aging, clock, 1)
    assert names(aging, "processed") == ["a"]


def test_the_cheapest_action_that_is_due_wins(aging: Cloud, clock: ManualClock) -> None:
    blob = aging.client("aging").get_blob_client("processed", "a")
    blob.upload_blob(b"")
    days = {"tierToCool": 10, "tierToCold": 20, "delete": 30}
    actions = {action: {"daysAfterCreationGreaterThan": number} for action, number in days.items()}
    put_policy(aging, rule(actions={"baseBlob": actions}))
    tiers: list[str] = []
    for _ in range(2):
        advance(aging, clock, 11)
        tiers.append(str(blob.get_blob_properties().blob_tier))
    advance(aging, clock, 11)
    assert tiers == ["Cool", "Cold"]
    assert not blob.exists()


def test_tags_choose_and_leases_and_snapshots_protect(aging: Cloud, clock: ManualClock) -> None:
    client = aging.client("aging").get_container_client("processed")
    for name in ("chosen", "other", "leased", "with-snapshot"):
        client.upload_blob(name, b"", tags={"state": "other" if name == "other" else "done"})
    client.get_blob_client("leased").acquire_lease(-1)
    client.get_blob_client("with-snapshot").create_snapshot()
    put_policy(aging, rule(blobIndexMatch=[{"name": "state", "op": "==", "value": "done"}]))
    advance(aging, clock, 40)
    assert names(aging, "processed") == ["leased", "other", "with-snapshot"]
    snapshots = rule("two", {"snapshot": {"delete": {"daysAfterCreationGreaterThan": 1}}})
    put_policy(aging, snapshots, rule())
    advance(aging, clock, 1)
    assert names(aging, "processed") == ["leased"]
