"""Measures Custom Vision, against the bare model in the same run.

``python -m bench.custom_vision`` prints, ``--write`` also puts the figures into docs/benchmarks.md.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.custom_vision.client import Client, durations
from bench.custom_vision.digits import Digits, write_digits
from bench.custom_vision.served import ACCOUNTS, Served, served, website
from bench.report import Measure, command, section, write_section
from emulator.custom_vision.image_files import inspect, pixels
from emulator.custom_vision.model.inference import Network
from emulator.custom_vision.model.network import classifying_network
from emulator.custom_vision.model.training import image_features, train

_BATCH: Final = 64
_INGESTED: Final = 1_280
_CEILING: Final = 640
"""Images a second: 64 a call, 10 calls a second (S0)."""
_CALLS: Final = 600
_CLIENTS: Final = (1, 4, 16)
_PREDICTIONS: Final = 50_000
_SETTLED: Final = 5_000
_TRAININGS: Final = (500, 1_000, 2_000)
_LISTED: Final = 50_000
_FEW: Final = 5_000
"""Pictures that all parts but the listing can do with."""
_PAGE: Final = 256
_MEBIBYTE: Final = 1024 * 1024
_NAME: Final = "production"


def percentile(values: Sequence[float], share: int) -> float:
    """Return what `share` percent of the values are below."""
    return statistics.quantiles(values, n=100)[share - 1]


class Project:
    """A Multiclass project with a tag for each digit."""

    def __init__(self, client: Client) -> None:
        query = {"name": "digits", "classificationType": "Multiclass"}
        self.id: str = client.training("POST", "projects", query=query)["id"]
        self.path = f"projects/{self.id}"
        self.tags: list[str] = [
            client.training("POST", f"{self.path}/tags", query={"name": str(digit)})["id"] for digit in range(10)
        ]

    def upload(self, address: str, digits: Digits, numbers: Sequence[int]) -> Callable[[Client], object]:
        """Return the call that adds these digits by their URLs."""
        images = [
            {"url": f"{address}/{digits.files[each].name}", "tagIds": [self.tags[digits.labels[each]]]}
            for each in numbers
        ]

        def call(client: Client) -> None:
            answer: dict[str, Any] = client.training("POST", f"{self.path}/images/urls", {"images": images})
            if not answer["isBatchSuccessful"]:
                raise RuntimeError(str({each["status"] for each in answer["images"]}))

        return call

    def train(self, client: Client) -> tuple[str, float, list[float]]:
        """Train; return the iteration, the seconds that it took, and those of each look at it meanwhile."""
        began = time.perf_counter()
        iteration: str = client.training("POST", f"{self.path}/train", query={"forceTrain": "true"})["id"]
        looks: list[float] = []
        while True:
            looked = time.perf_counter()
            status: str = client.training("GET", f"{self.path}/iterations/{iteration}")["status"]
            looks.append(time.perf_counter() - looked)
            if status != "Training":
                break
            time.sleep(0.02)
        if status != "Completed":
            raise RuntimeError(f"the training is {status}")
        return iteration, time.perf_counter() - began, looks


def ingest(server: Served, address: str, digits: Digits) -> Measure:
    """Add images by URL, four calls at a time; against fetching nothing and decoding the same files alone."""
    project = Project(Client(server))
    calls = [project.upload(address, digits, range(first, first + _BATCH)) for first in range(0, _INGESTED, _BATCH)]
    began = time.perf_counter()
    durations(server, 4, calls)
    seconds = time.perf_counter() - began
    contents = [path.read_bytes() for path in digits.files[:_INGESTED]]
    began = time.perf_counter()
    for content in contents:
        inspect(content)
    bare = time.perf_counter() - began
    return Measure(
        f"Images a second by URL, {_BATCH} a call, 4 calls at a time, each fetched, decoded, checked and kept",
        f"{_INGESTED / seconds:,.0f}",
        "decoding the same images in one thread",
        f"{seconds / bare:.1f}",
        f"{_CEILING} (S0)",
    )


def trainings(server: Served, address: str, digits: Digits) -> tuple[list[Measure], Project, str]:
    """Train with more and more images; return the last project and iteration too."""
    client = Client(server)
    project = Project(client)
    added, figures, seconds, looks, iteration = 0, list[str](), list[float](), list[float](), ""
    for count in _TRAININGS:
        calls = [
            project.upload(address, digits, range(first, min(first + _BATCH, count)))
            for first in range(added, count, _BATCH)
        ]
        durations(server, 1, calls)
        added = count
        iteration, taken, looked = project.train(client)
        seconds.append(taken)
        looks = looked
        figures.append(f"{taken:.1f} s")
    growth = (seconds[-1] / seconds[0]) / (_TRAININGS[-1] / _TRAININGS[0])
    return (
        [
            Measure(
                f"Training with {', '.join(f'{count:,}' for count in _TRAININGS)} images of 10 tags",
                ", ".join(figures),
                "an image's share of the smallest training",
                f"{growth:.2f}",
                "linear: 1 or less",
            ),
            Measure(
                "A call of the API while the largest is trained: p50, p99",
                f"{statistics.median(looks) * 1000:.1f} ms, {percentile(looks, 99) * 1000:.1f} ms",
                "",
                "",
            ),
        ],
        project,
        iteration,
    )


def predictions(server: Served, project: Project, model: Path, images: Sequence[bytes]) -> list[Measure]:
    """Ask for predictions of images in the request, by several clients; against the same model in this process."""
    network = Network(model)
    bare: list[float] = []
    for number in range(_CALLS):
        began = time.perf_counter()
        network.run(np.stack([pixels(images[number % len(images)])]))
        bare.append(time.perf_counter() - began)
    measures: list[Measure] = []
    for clients in _CLIENTS:
        calls = [_asked(project.id, images[number % len(images)]) for number in range(_CALLS)]
        began = time.perf_counter()
        taken = durations(server, clients, calls)
        rate = _CALLS / (time.perf_counter() - began)
        ratios = (statistics.median(taken) / statistics.median(bare), percentile(taken, 99) / percentile(bare, 99))
        measures.append(
            Measure(
                f"Prediction by data, {clients} client{'s' if clients > 1 else ''}: p50, p99, calls a second",
                f"{statistics.median(taken) * 1000:.1f} ms, {percentile(taken, 99) * 1000:.1f} ms, {rate:,.0f}",
                f"decoding and the model alone: {statistics.median(bare) * 1000:.1f} ms, "
                f"{percentile(bare, 99) * 1000:.1f} ms",
                f"{ratios[0]:.1f}, {ratios[1]:.1f}",
            )
        )
    return measures


def _asked(project: str, image: bytes) -> Callable[[Client], object]:
    return lambda client: client.classify(project, _NAME, image)


def memory(server: Served, project: Project, images: Sequence[bytes]) -> Measure:
    """Ask for many predictions and see what the process has grown by."""

    def ask(count: int) -> None:
        durations(server, 4, [_asked(project.id, images[number % len(images)]) for number in range(count)])

    ask(_SETTLED)
    before = server.resident_bytes()
    ask(_PREDICTIONS)
    grown = server.resident_bytes() - before
    return Measure(
        f"Memory over {_PREDICTIONS:,} predictions, after {_SETTLED:,}",
        f"{grown / _MEBIBYTE:+.1f} MiB",
        f"what it held before: {before / _MEBIBYTE:.0f} MiB",
        f"{grown / before:+.3f}",
        "flat: 0",
    )


def listing(server: Served, address: str, digits: Digits) -> Measure:
    """Add many images, then page through all of them."""
    client = Client(server)
    project = Project(client)
    calls = [
        project.upload(address, digits, range(first, min(first + _BATCH, _LISTED)))
        for first in range(0, _LISTED, _BATCH)
    ]
    durations(server, 4, calls)
    before = server.resident_bytes()
    taken: list[float] = []
    seen: set[str] = set()
    for skip in range(0, _LISTED, _PAGE):
        began = time.perf_counter()
        query = {"take": str(_PAGE), "skip": str(skip)}
        seen.update(image["id"] for image in client.training("GET", f"{project.path}/images", query=query))
        taken.append(time.perf_counter() - began)
    if len(seen) != _LISTED:
        raise RuntimeError(f"{len(seen)} images were listed, not {_LISTED}")
    grown = server.resident_bytes() - before
    return Measure(
        f"{_LISTED:,} images in a project, paged through by {_PAGE}: median page, last page, memory",
        f"{statistics.median(taken) * 1000:.0f} ms, {taken[-1] * 1000:.0f} ms, {grown / _MEBIBYTE:+.1f} MiB",
        f"the first page: {taken[0] * 1000:.0f} ms",
        f"{taken[-1] / taken[0]:.1f}",
        "constant memory",
    )


def reliability(digits: Digits) -> list[Measure]:
    """Train on a third of the digits and see how often what is said of the others is right."""
    count = 1_797
    features = image_features(digits.files[:count])
    labels = np.array(digits.labels[:count])
    truth = labels[:, None] == np.arange(10)[None, :]
    trained = count // 3
    outcome = train(features[:trained], truth[:trained], exclusive=True)
    network = Network(classifying_network(outcome.classifier, [str(tag) for tag in range(10)]).SerializeToString())
    asked = digits.files[trained:count]
    said = np.concatenate([network.run(np.stack([pixels(path.read_bytes())])) for path in asked])
    sure, right = said.max(axis=1), said.argmax(axis=1) == labels[trained:]
    measures: list[Measure] = []
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.99), (0.99, 1.01)):
        inside = (sure >= low) & (sure < high)
        if inside.any():
            measures.append(
                Measure(
                    f"Probability {low} to {min(high, 1.0)}: how many of {len(asked):,} unseen digits, share right",
                    f"{int(inside.sum())}, {right[inside].mean():.3f}",
                    f"mean probability {sure[inside].mean():.3f}",
                    f"{right[inside].mean() / sure[inside].mean():.2f}",
                    "1",
                )
            )
    return measures


def measure(folder: Path, wanted: Sequence[str]) -> list[Measure]:
    """Return the measures of these parts."""
    pictures = folder / "pictures"
    pictures.mkdir()
    digits = write_digits(pictures, _LISTED if "listing" in wanted else _FEW)
    images = [path.read_bytes() for path in digits.files[-200:]]
    measures: list[Measure] = []
    with website(pictures) as address, served(folder / "service") as server:
        if "ingest" in wanted:
            measures.append(ingest(server, address, digits))
        if {"training", "predictions", "memory"} & set(wanted):
            trained, project, iteration = trainings(server, address, digits)
            query = {"publishName": _NAME, "predictionId": f"{ACCOUNTS}/predict"}
            Client(server).training("POST", f"{project.path}/iterations/{iteration}/publish", query=query)
            if "training" in wanted:
                measures += trained
            if "predictions" in wanted:
                model = folder / "service" / project.path / "models" / f"{iteration}.onnx"
                measures += predictions(server, project, model, images)
            if "memory" in wanted:
                measures.append(memory(server, project, images))
        if "listing" in wanted:
            measures.append(listing(server, address, digits))
    return [*measures, *reliability(digits)] if "reliability" in wanted else measures


_PARTS: Final = ("ingest", "training", "predictions", "memory", "listing", "reliability")


def main() -> None:
    """Measure and print."""
    parser = command("bench.custom_vision", __doc__)
    parser.add_argument("--only", choices=_PARTS, action="append", help="a part; may be repeated; all where left out")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write takes all parts: the document has them from one run")
    with tempfile.TemporaryDirectory() as folder:
        text = section("python -m bench.custom_vision --write", measure(Path(folder), arguments.only or _PARTS))
    print(text)
    if arguments.write:
        write_section("custom-vision", text)


if __name__ == "__main__":
    main()
