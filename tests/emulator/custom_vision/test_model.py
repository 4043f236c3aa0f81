"""The model learns: features, classifier, cross-validation, and the process that trains."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from emulator.custom_vision.image_files import pixels
from emulator.custom_vision.model.evaluation import Evaluation, performance
from emulator.custom_vision.model.inference import Network
from emulator.custom_vision.model.network import classifying_network
from emulator.custom_vision.model.training import Floats, Outcome, Truth, image_features, train
from emulator.custom_vision.trainer import WORKER
from tests.emulator.custom_vision.studio import encoded, png

ROOT = Path(__file__).parents[3]


def write(folder: Path, images: list[Image.Image]) -> list[Path]:
    paths: list[Path] = []
    for number, image in enumerate(images):
        path = folder / str(number)
        path.write_bytes(encoded(image))
        paths.append(path)
    return paths


def one_hot(labels: NDArray[np.int64]) -> Truth:
    return labels[:, None] == np.unique(labels)[None, :]


def probabilities(outcome: Outcome, paths: list[Path]) -> Floats:
    names = [str(tag) for tag in range(outcome.held_out.shape[1])]
    network = Network(classifying_network(outcome.classifier, names).SerializeToString())
    return np.concatenate([network.run(np.stack([pixels(path.read_bytes())])) for path in paths])


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], NDArray[np.int64], Floats]:
    """900 handwritten digits of scikit-learn, 8 x 8 pixels made 64 x 64; in an order that is no order."""
    data, labels = load_digits(return_X_y=True)
    chosen = np.random.default_rng(0).permutation(len(labels))[:900]
    images = [
        Image.fromarray((255 - data[each].reshape(8, 8) * 255 / 16).astype(np.uint8)).resize((64, 64))
        for each in chosen
    ]
    paths = write(tmp_path_factory.mktemp("digits"), images)
    return paths, labels[chosen].astype(np.int64), image_features(paths)


def test_digits_are_learnt_and_the_cross_validation_tells_how_well(
    digits: tuple[list[Path], NDArray[np.int64], Floats],
) -> None:
    paths, labels, features = digits
    outcome = train(features[:600], one_hot(labels)[:600], exclusive=True)
    answers = probabilities(outcome, paths[600:])
    accuracy = (answers.argmax(axis=1) == labels[600:]).mean()
    assert accuracy >= 0.97
    assert (outcome.held_out.argmax(axis=1) == labels[:600]).mean() == pytest.approx(accuracy, abs=0.03)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    sure = answers.max(axis=1) >= 0.9
    assert sure.mean() > 0.8
    assert (answers.argmax(axis=1) == labels[600:])[sure].mean() > 0.97, "a probability of 0.9 means something"


def test_photographs_are_told_apart_by_colour_and_texture(tmp_path: Path) -> None:
    """Cuttings of the two photographs in scikit-learn: trained on their left halves, asked about the right ones."""
    random = np.random.default_rng(0)
    halves: list[list[Image.Image]] = [[], []]
    for photograph in load_sample_images().images:
        height, width, _ = photograph.shape
        for half in (0, 1):
            for _ in range(40):
                top, left = random.integers(0, height - 64), random.integers(0, width // 2 - 64) + half * (width // 2)
                halves[half].append(Image.fromarray(photograph[top : top + 64, left : left + 64]))
    labels = np.repeat([0, 1], 40)
    paths = write(tmp_path, halves[0] + halves[1])
    outcome = train(image_features(paths[:80]), one_hot(labels), exclusive=True)
    assert (probabilities(outcome, paths[80:]).argmax(axis=1) == labels).mean() >= 0.9


def test_cross_validation_of_few_images_is_no_better_than_the_model(
    digits: tuple[list[Path], NDArray[np.int64], Floats],
) -> None:
    """With images that it was trained on a model is always right; the evaluation must not be made of these."""
    paths, labels, features = digits
    outcome = train(features[:80], one_hot(labels)[:80], exclusive=True)
    told = (outcome.held_out.argmax(axis=1) == labels[:80]).mean()
    assert (probabilities(outcome, paths[:80]).argmax(axis=1) == labels[:80]).all()
    assert told < 0.96
    assert told == pytest.approx((probabilities(outcome, paths[600:]).argmax(axis=1) == labels[600:]).mean(), abs=0.08)


def test_training_on_wrong_labels_looks_bad(digits: tuple[list[Path], NDArray[np.int64], Floats]) -> None:
    _, labels, features = digits
    wrong = np.random.default_rng(1).permutation(labels[:300])
    outcome = train(features[:300], one_hot(wrong), exclusive=True)
    scores = performance(Evaluation(outcome.held_out, one_hot(wrong), outcome.folds), 0.5)
    assert scores.overall.recall < 0.2
    assert scores.overall.average_precision < 0.3


def test_same_images_give_the_same_model(digits: tuple[list[Path], NDArray[np.int64], Floats]) -> None:
    paths, labels, features = digits
    first, second = [train(each[:100], one_hot(labels)[:100], True) for each in (features, image_features(paths[:100]))]
    np.testing.assert_array_equal(first.classifier.weights, second.classifier.weights)
    np.testing.assert_array_equal(first.held_out, second.held_out)


def test_every_image_is_held_out_once_and_folds_have_every_tag(
    digits: tuple[list[Path], NDArray[np.int64], Floats],
) -> None:
    _, labels, features = digits
    outcome = train(features[:200], one_hot(labels)[:200], exclusive=True)
    assert sorted(set(outcome.folds.tolist())) == [0, 1, 2, 3, 4]
    for fold in range(5):
        assert set(labels[:200][outcome.folds == fold]) == set(range(10))


def test_independent_tags_have_independent_probabilities() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(120, 6)).astype(np.float32)
    truth = np.column_stack([features[:, 0] > 0, features[:, 1] > 0, np.ones(120, bool)])
    outcome = train(features, truth, exclusive=False)
    assert ((outcome.held_out[:, :2] > 0.5) == truth[:, :2]).mean() > 0.9
    assert outcome.held_out[:, 2].min() > 0.9, "what every image has is nearly certain"
    assert outcome.classifier.activation == "Sigmoid"


def evaluation() -> Evaluation:
    """Four images in two folds, two tags; worked out by hand below."""
    return Evaluation(
        np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]], np.float32),
        np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.bool_),
        np.array([0, 1, 0, 1], np.int32),
    )


def test_performance_is_counted_at_the_threshold() -> None:
    scores = performance(evaluation(), 0.5)
    first, second = scores.tags
    assert (first.precision, first.recall) == (pytest.approx(2 / 3), 1)
    assert (second.precision, second.recall) == (1, 0.5)
    assert (scores.overall.precision, scores.overall.recall) == (0.75, 0.75)
    # Fold 0 predicts tag 1 once, rightly; fold 1 twice, once rightly: precisions 1 and 0.5.
    assert first.precision_deviation == pytest.approx(0.25)
    assert first.recall_deviation == 0
    # Ranked by probability tag 1's images come first and third: (1/1 + 2/3) / 2.
    assert first.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert scores.overall.average_precision == pytest.approx((first.average_precision + second.average_precision) / 2)


def test_lower_threshold_finds_more_and_is_right_less_often() -> None:
    low, high = performance(evaluation(), 0.15), performance(evaluation(), 0.75)
    assert (low.overall.recall, high.overall.recall) == (1, 0.25)
    assert low.overall.precision == pytest.approx(4 / 7)
    assert high.overall.precision == 0.5


def test_where_nothing_is_predicted_precision_is_none() -> None:
    assert performance(evaluation(), 1.0).overall.precision == 0


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (Image.new("RGBA", (8, 8), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("I;16", (8, 8), 65_535), (255, 255, 255)),
        (Image.new("I;16", (8, 8), 257), (1, 1, 1)),
        (Image.new("RGB", (8, 8), (10, 20, 30)), (30, 20, 10)),
    ],
)
def test_pixels_are_blue_green_red_and_transparency_is_white(image: Image.Image, shown: tuple[int, int, int]) -> None:
    seen = pixels(encoded(image))
    assert seen.shape == (3, 224, 224)
    assert tuple(seen[:, 100, 100].tolist()) == shown


def test_turned_photograph_is_seen_upright() -> None:
    upright = Image.new("RGB", (64, 64), "black")
    upright.paste("white", (0, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    content = io.BytesIO()
    lying.save(content, "PNG", exif=exif)
    np.testing.assert_array_equal(pixels(content.getvalue()), pixels(encoded(upright)))


def test_worker_ends_when_the_service_that_started_it_is_gone(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    many = [str(path) for path in write(tmp_path, [Image.open(io.BytesIO(png(1)))])] * 20_000
    job.write_text(
        f'{{"images": {str(many).replace(chr(39), chr(34))}, "labels": {[[0]] * 20_000}, "tags": ["a"], '
        f'"exclusive": true, "model": "{tmp_path}/m", "evaluation": "{tmp_path}/e"}}'
    )
    worker = subprocess.Popen([sys.executable, "-m", WORKER, str(job)], cwd=ROOT, stdin=subprocess.PIPE)
    assert worker.stdin is not None
    worker.stdin.close()
    began = time.monotonic()
    assert worker.wait(timeout=30) != 0
    assert time.monotonic() - began < 30
    assert not (tmp_path / "m").exists()
