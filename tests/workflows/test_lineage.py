"""Lineage: manifests keep to their schema, and the documented commands answer."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.workflows.faults.situation import fault
from tests.workflows.test_gate import HELD_OUT, WRONG
from tests.workflows.world import Finished, Retraining, merged, picture, pictures

DOCS = Path(__file__).parents[2] / "docs"
FIRST = merged([pictures("red", 8), pictures("blue", 8)])
COMPACT = "0732100f-1a38-4e49-a514-c9b44c697ab5"
Make = Callable[..., Retraining]

AZ = '''#!{python}
"""Stands in for the Azure CLI's `az storage blob download` to standard output."""
import argparse, os, sys
from azure.storage.blob import BlobServiceClient
assert sys.argv[1:4] == ["storage", "blob", "download"], sys.argv
parser = argparse.ArgumentParser()
for name in ("--auth-mode", "--account-name", "-c", "-n", "-f"):
    parser.add_argument(name, required=True)
parser.add_argument("--no-progress", action="store_true", required=True)
asked = parser.parse_args(sys.argv[4:])
assert (asked.account_name, asked.f, asked.c) == ("sttest", "/dev/stdout", "model-artifacts")
service = BlobServiceClient(os.environ["BLOBS"], credential=os.environ["KEY"], api_version="2025-11-05")
sys.stdout.buffer.write(service.get_blob_client(os.environ["CONTAINER"], asked.n).download_blob().readall())
'''


def check(run: Finished, decision: str) -> dict[str, Any]:
    """Check the manifest against its schema, and return it."""
    assert run.manifest is not None
    assert run.manifest["decision"] == decision, run.manifest["reason"]
    schema = json.loads((DOCS / "manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    jsonschema.Draft4Validator(schema).validate(run.manifest)
    return run.manifest


def compact(retraining: Retraining) -> None:
    """Give the project a domain whose models can be exported."""
    project = retraining.project_api("GET", "")
    retraining.project_api("PATCH", "", {**project, "settings": {**project["settings"], "domainId": COMPACT}})


def exported(retraining: Retraining, iteration: str) -> list[str]:
    """Return the names of what is kept of an exported iteration."""
    folder = f"models/{iteration}/"
    return [name.removeprefix(folder) for name in retraining.names("artifacts") if name.startswith(folder)]


def documented(question: str) -> str:
    """Return the command below a question of docs/retraining.md."""
    text = (DOCS / "retraining.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^{re.escape(question)}\n\n    (.+)$", text, re.MULTILINE)
    return command


def answers(retraining: Retraining, tmp_path: Path, question: str, **variables: str) -> list[list[str]]:
    """Run a documented command, and return its lines, split at tabs."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    az = tmp_path / "az"
    az.write_text(AZ.format(python=sys.executable), encoding="utf-8")
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    function = documented(
        "A line may be there twice (an append whose answer was lost). Each question is one line, after"
    )
    script = function.replace("$(pulumi stack output storageAccountName)", "sttest") + "\n" + documented(question)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "BLOBS": retraining.world.blob_endpoint.rstrip("/"),
        "KEY": retraining.world.storage_key,
        "CONTAINER": retraining.containers["artifacts"],
        **variables,
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_outcome_has_a_manifest_of_its_schema(make_retraining: Make):
    retraining = make_retraining(minimumImagesPerTag=6)
    retraining.hold_out(HELD_OUT)
    retraining.upload({**pictures("red", 4), "blue/notes.jpg": b"not an image", "root.jpg": b"x"})
    check(retraining.run(), "not trained")
    retraining.upload(FIRST)
    first = check(retraining.run(), "published")
    assert first["versions"].keys() == {"program", "definition"}
    phases = {phase["phase"]: phase for phase in first["phases"]}
    assert phases["Gate"]["startTime"] <= phases["Gate"]["endTime"] <= phases["Publish"]["startTime"]
    check(retraining.run("manual"), "nothing changed")
    retraining.upload(WRONG)
    check(retraining.run(), "rejected")
    retraining.configure({"minimumNewImages": 0})
    check(retraining.run("manual"), "failed")


def test_the_documented_commands_answer(retraining: Retraining, tmp_path: Path):
    retraining.upload({**FIRST, "red/notes.jpg": b"not an image"})
    first = check(retraining.run(), "published")
    more = pictures("red", 3, 100)
    retraining.upload(more)
    second = check(retraining.run(), "published")
    of_first = answers(retraining, tmp_path, "Which images made this model?", ITERATION=first["iteration"]["id"])
    assert [name for name, _, _ in of_first] == sorted(FIRST)
    of_second = answers(retraining, tmp_path, "Which images made this model?", ITERATION=second["iteration"]["id"])
    assert [name for name, _, _ in of_second] == sorted([*FIRST, *more])
    added = [image for each in (first, second) for image in each["images"] if image["status"] == "OK"]
    assert sorted(md5 for _, md5, _ in of_second) == sorted(image["md5"] for image in added)
    day = second["finishedAt"][:10]
    on_that_day = answers(retraining, tmp_path, "Which model answered on that day?", DAY=day)
    assert [iteration for _, iteration, *_ in on_that_day][-1] == second["iteration"]["id"]
    after = answers(retraining, tmp_path, "Which model answered on that day?", DAY="2999-01-01")
    assert [iteration for _, iteration, *_ in after] == [second["iteration"]["id"]]
    assert answers(retraining, tmp_path, "Which model answered on that day?", DAY="2000-01-01") == []
    why = answers(
        retraining, tmp_path, "Why was this image rejected?", MONTH=first["finishedAt"][:7], IMAGE="red/notes.jpg"
    )
    assert why == [["ErrorImageFormat", f"{first['run']}/red/notes.jpg"]]


def test_a_model_that_a_later_run_judged_was_not_made_of_that_runs_images(retraining: Retraining):
    def refused(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(403) if request.url.path.endswith("/performance") else None

    retraining.world.transport.intercept = refused
    retraining.upload(FIRST)
    first = retraining.run()
    check(first, "failed")
    retraining.world.transport.intercept = lambda request: None
    retraining.configure({"maximumTrainingsPerDay": 1})
    retraining.upload(pictures("red", 2, 100))
    second = check(retraining.run(), "published")
    model = retraining.artifact(f"models/{second['iteration']['id']}.json")
    assert (model["runs"], model["judgedBy"]) == ([first.id], second["run"])


def test_a_model_of_a_compact_domain_leaves_with_all_that_is_needed_to_run_it(retraining: Retraining, tmp_path: Path):
    compact(retraining)
    retraining.upload(FIRST)
    found = check(retraining.run(), "published")
    folder = f"models/{found['iteration']['id']}"
    assert exported(retraining, found["iteration"]["id"]) == ["README.md", "labels.txt", "metrics.json", "model.zip"]
    container = retraining.container("artifacts")
    assert set(container.download_blob(f"{folder}/labels.txt").readall().decode().split()) == {"red", "blue"}
    readme = container.download_blob(f"{folder}/README.md").readall().decode()
    assert found["iteration"]["id"] in readme
    zipfile.ZipFile(io.BytesIO(container.download_blob(f"{folder}/model.zip").readall())).extractall(tmp_path)
    (tmp_path / "image.jpg").write_bytes(picture(True, "asked"))
    (script,) = re.findall(r"    python - image.jpg <<'END'\n(.*?)    END\n", readme, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-", "image.jpg"],
        input=textwrap.dedent(script),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'red'" in done.stdout


def test_an_export_that_fails_fails_no_run_and_the_next_one_makes_up_for_it(make_retraining: Make):
    retraining = make_retraining()
    compact(retraining)
    retraining.upload(FIRST)
    with fault(retraining.world, retraining.workflow, "List_the_exports", {"kind": "status", "status": 403}, None):
        first = retraining.run()
    found = check(first, "published")
    id = found["iteration"]["id"]
    assert first.status == "Succeeded"
    assert found["export"] == {"iterationId": id, "status": "failed"}
    assert found["reason"] == (
        "Iteration 1 is published as production; Iteration 1 could not be exported: List_the_exports (Forbidden); "
        "the next run makes up for it"
    )
    assert exported(retraining, id) == ["labels.txt", "metrics.json"]
    second = retraining.run("manual")
    assert check(second, "nothing changed")["export"] == {"iterationId": id, "status": "exported"}
    assert exported(retraining, id) == ["README.md", "labels.txt", "metrics.json", "model.zip"]
    metrics = retraining.artifact(f"models/{id}/metrics.json")
    record = retraining.artifact(f"models/{id}.json")
    assert metrics == {name: record[name] for name in ("serviceMetrics", "comparison", "tags")}
    assert metrics["serviceMetrics"]["averagePrecision"] > 0
    third = retraining.run("manual")
    assert check(third, "nothing changed")["export"] == {"iterationId": id, "status": None}
    assert third.statuses["Look_for_the_model"] == "Succeeded"
    assert third.statuses["Start_the_export"] == "Skipped"


def test_a_model_that_somebody_published_by_hand_is_exported_without_a_judgement(make_retraining: Make):
    retraining = make_retraining(automaticTraining=False)
    compact(retraining)
    retraining.upload(FIRST)
    retraining.run()
    id = retraining.project_api("POST", "train")["id"]
    for _ in range(600):
        if retraining.project_api("GET", f"iterations/{id}")["status"] == "Completed":
            break
        threading.Event().wait(0.05)
    prediction = retraining.world.prediction
    retraining.project_api("POST", f"iterations/{id}/publish?publishName=production&predictionId={prediction}")
    retraining.upload(pictures("red", 1, 100))
    found = check(retraining.run(), "not trained")
    assert found["export"] == {"iterationId": id, "status": "exported"}
    assert retraining.artifact(f"models/{id}/metrics.json") == dict.fromkeys(("serviceMetrics", "comparison", "tags"))
    labels = retraining.container("artifacts").download_blob(f"models/{id}/labels.txt").readall().decode()
    assert sorted(labels.split()) == ["blue", "red"]


def test_a_model_of_another_domain_stays(retraining: Retraining):
    retraining.upload(FIRST)
    found = check(retraining.run(), "published")
    kept = [name for name in retraining.names("artifacts") if name.startswith("models/")]
    assert kept == [f"models/{found['iteration']['id']}.json"]
