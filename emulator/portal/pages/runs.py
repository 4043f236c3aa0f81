"""The runs of a workflow, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.arm.errors import ArmError
from emulator.portal.pages.page import Page, Sources, crumbs, required_id
from emulator.portal.pages.workflow import LOGIC_API_VERSION, STATUSES, WORKFLOWS, RunRow

RUNS_SHOWN: Final = "30"
FILTERS: Final = ("Running", "Succeeded", "Failed", "Cancelled")
"""The statuses that the page offers as links; any other works in the address."""


async def runs(sources: Sources, query: Mapping[str, str]) -> Page:
    """Show a page of the runs of ``?workflow=``, of one ``status`` if given, from ``skiptoken`` on."""
    workflow = required_id(query, "workflow", WORKFLOWS)
    status = query.get("status", "")
    if status and status not in STATUSES:
        raise ArmError(400, "InvalidStatus", f"status: '{status}' is none; allowed: {', '.join(STATUSES)}.")
    options = {"$top": RUNS_SHOWN}
    if status:
        options["$filter"] = f"status eq '{status}'"
    if "skiptoken" in query:
        options["$skiptoken"] = query["skiptoken"]
    page = await sources.arm.page(f"{workflow}/runs", LOGIC_API_VERSION, **options)
    rows = [RunRow.of(run, sources.clock.now()) for run in page.members]
    return Page(
        "runs.html",
        {
            "crumbs": crumbs(workflow),
            "workflow": str(workflow),
            "name": workflow.name,
            "runs": rows,
            "status": status,
            "filters": FILTERS,
            "first": "skiptoken" not in query,
            "skip_token": page.skip_token,
            "running": any(row.outcome.end is None for row in rows),
        },
    )
