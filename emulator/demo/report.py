"""The table at the end of the demo, and where to look further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from emulator.demo.retraining import Judgement


@dataclass(frozen=True)
class RoundReport:
    """What one round came to; `manifest` is what the run itself recorded."""

    number: int
    uploaded: int
    run: str
    manifest: Mapping[str, Any]
    judgement: Judgement | None


@dataclass(frozen=True)
class RollbackReport:
    """What the rollback came to; `answer` is what its workflow answered."""

    number: int
    answer: Mapping[str, Any]
    judgement: Judgement


def print_table(console: Console, rounds: Sequence[RoundReport], rollback: RollbackReport) -> None:
    """Print a row a round."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold underline")
    for name in ("Round", "In", "Accepted", "Rejected"):
        table.add_column(name, justify="right")
    table.add_column("Iteration", no_wrap=True)
    table.add_column("Precision", justify="right")
    table.add_column("Recall", justify="right")
    table.add_column("Decision", no_wrap=True)
    table.add_column("Held out", justify="right", no_wrap=True)
    for report in rounds:
        counts, metrics = report.manifest["counts"], report.manifest["metrics"]
        table.add_row(
            str(report.number),
            str(report.uploaded),
            str(counts["accepted"]),
            str(counts["rejected"]),
            report.manifest["iteration"]["name"] or "-",
            _share(metrics["precision"]),
            _share(metrics["recall"]),
            report.manifest["decision"],
            f"{report.judgement.accuracy:.1%}" if report.judgement else "-",
        )
    production = rollback.answer["production"]["iterationName"]
    accuracy = f"{rollback.judgement.accuracy:.1%}"
    table.add_row(str(rollback.number), "-", "-", "-", production, "-", "-", rollback.answer["decision"], accuracy)
    console.print()
    console.print(table)
    console.print(
        "In: images uploaded. Precision and recall: the service's own, cross-validated on what it trained.\n"
        "Held out: share of the images kept out of all rounds that the published model names right.\n"
        "Round 3 has the pictures again under wrong labels: the gate holds, and the model before stays published."
    )


def print_artifacts(console: Console, outputs: Mapping[str, Any], portal: str, rounds: Sequence[RoundReport]) -> None:
    """Print where the runs left their artifacts, and the portal's page of each run."""
    artifacts = outputs["modelArtifactsContainer"]
    rows = [
        ("the model in production", f"{artifacts}/production.json"),
        ("trained images, by label", f"{outputs['processedImagesContainer']}/"),
    ]
    for report in rounds:
        run = report.run
        rows.append((f"round {report.number}, record", f"{artifacts}/runs/{run}/manifest.json"))
        rows.append((f"round {report.number}, figures", f"{artifacts}/runs/{run}/performance.json"))
        rows.append((f"round {report.number}, gate", f"{artifacts}/runs/{run}/gate.json"))
        if report.manifest["counts"]["rejected"]:
            rows.append((f"round {report.number}, rejected images", f"{outputs['rejectedImagesContainer']}/{run}/"))
    console.print()
    console.print(f"Blobs below {outputs['blobEndpoint']}", soft_wrap=True)
    for what, where in rows:
        console.print(f"  {what:<24} {where}", soft_wrap=True)
    console.print()
    console.print(f"Predictions: POST {outputs['predictionUrl']}", soft_wrap=True)
    for report in rounds:
        run = quote(f"{outputs['logicAppId']}/runs/{report.run}", safe="")
        console.print(f"Page of round {report.number}: {portal}/run?id={run}", soft_wrap=True)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
