"""The network of every model: from the pixels of an image to features, and from those to a probability for each tag.

Features are computed by a fixed ONNX graph, the classifier is one matrix behind it. Training, prediction and export run
the same nodes, so what they see cannot differ. What the features hold, for an image of 56 x 56 pixels after averaging:

- where edges of which direction are, at three scales: half-wave rectified derivatives in eight directions, sharpened by
  their share of the strongest one, averaged in overlapping cells of a 7 x 7 grid (after N. Dalal and B. Triggs,
  "Histograms of oriented gradients for human detection", 2005);
- the mean colour of each cell of a 4 x 4 grid;
- soft histograms of brightness and of two opponent colours, of the whole image and of its quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

INPUT: Final = "data"
FEATURES: Final = "features"
OUTPUT: Final = "model_output"
SIDE: Final = 224
"""Side of the input in pixels: [N, 3, 224, 224], blue-green-red, 0 to 255, as models exported from Custom Vision have.
https://learn.microsoft.com/azure/ai-services/custom-vision-service/export-model-python"""

Activation = Literal["Softmax", "Sigmoid"]

_OPSET: Final = 18
_IR_VERSION: Final = 9
_GRAIN: Final = 56
_GRID: Final = 7
_DIRECTIONS: Final = 8
_SCALES: Final = 3
_BINS: Final = 8
_QUIET: Final = 0.01
"""What an edge pattern's norm is compared with, so that the noise of an empty image is not blown up."""


@dataclass(frozen=True)
class Classifier:
    """The trained part: `weights` [features, tags] and `bias` [tags], and how scores become probabilities."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: Activation


def feature_network() -> onnx.ModelProto:
    """Return the graph from ``data`` to ``features`` [N, F]."""
    graph = _Graph()
    features = _features(graph)
    graph.rename(features, FEATURES)
    return graph.model(FEATURES)


def classifying_network(classifier: Classifier, tags: Sequence[str]) -> onnx.ModelProto:
    """Return the graph from ``data`` to ``model_output`` [N, tags]; the tags' names are in its metadata."""
    graph = _Graph()
    scores = graph.node(
        "Gemm",
        _features(graph),
        graph.constant(classifier.weights.astype(np.float32)),
        graph.constant(classifier.bias.astype(np.float32)),
    )
    options = {"axis": 1} if classifier.activation == "Softmax" else {}
    graph.rename(graph.node(classifier.activation, scores, **options), OUTPUT)
    model = graph.model(OUTPUT)
    helper.set_model_props(model, {"tags": "\n".join(tags), "Image.BitmapPixelFormat": "Bgr8"})
    return model


class _Graph:
    """Collects nodes and constants under names of its own."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: Any) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def rename(self, output: str, name: str) -> None:
        for node in self._nodes:
            if node.output[0] == output:
                node.output[0] = name

    def model(self, output: str) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "image_classification",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", None])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model


def _features(graph: _Graph) -> str:
    scaled = graph.node("Mul", INPUT, graph.constant(np.float32(1 / 255)))
    pixels = graph.node("AveragePool", scaled, kernel_shape=[SIDE // _GRAIN] * 2, strides=[SIDE // _GRAIN] * 2)
    parts = [*_edges(graph, pixels), _mean_colours(graph, pixels), *_histograms(graph, pixels)]
    return graph.node("Concat", *parts, axis=1)


_BRIGHTNESS: Final = (0.114, 0.587, 0.299)
"""Weights of blue, green and red: ITU-R BT.601."""
_BLUE_YELLOW: Final = (0.75, -0.375, -0.375)
_RED_CYAN: Final = (-0.375, -0.375, 0.75)


def _edges(graph: _Graph, pixels: str) -> list[str]:
    image = graph.node("Conv", pixels, graph.constant(np.array([_BRIGHTNESS], np.float32).reshape(1, 3, 1, 1)))
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 4
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    kernels = np.stack([np.cos(angle) * sobel + np.sin(angle) * sobel.T for angle in angles])
    derivatives = graph.constant(kernels[:, None].astype(np.float32))
    channels = graph.constant(np.array([1], np.int64))
    little, quiet = graph.constant(np.float32(1e-4)), graph.constant(np.float32(_QUIET))
    found: list[str] = []
    for scale in range(_SCALES):
        if scale:
            image = graph.node("AveragePool", image, kernel_shape=[2, 2], strides=[2, 2])
        edges = graph.node("Relu", graph.node("Conv", image, derivatives, pads=[1, 1, 1, 1]))
        strongest = graph.node("Add", graph.node("ReduceMax", edges, channels, keepdims=1), little)
        share = graph.node("Div", edges, strongest)
        sharp = graph.node("Mul", graph.node("Mul", edges, share), share)
        step = (_GRAIN >> scale) // _GRID
        cells = graph.node(
            "AveragePool",
            sharp,
            kernel_shape=[2 * step] * 2,
            strides=[step] * 2,
            pads=[step // 2, step // 2, step - step // 2, step - step // 2],
            count_include_pad=0,
        )
        flat = graph.node("Flatten", cells, axis=1)
        norm = graph.node("Add", graph.node("ReduceL2", flat, channels, keepdims=1), quiet)
        found.append(graph.node("Sqrt", graph.node("Div", flat, norm)))
    return found


def _mean_colours(graph: _Graph, pixels: str) -> str:
    cell = _GRAIN // 4
    return graph.node("Flatten", graph.node("AveragePool", pixels, kernel_shape=[cell] * 2, strides=[cell] * 2), axis=1)


def _histograms(graph: _Graph, pixels: str) -> list[str]:
    mix = np.array([_BRIGHTNESS, _BLUE_YELLOW, _RED_CYAN], np.float32).reshape(3, 3, 1, 1)
    middle = np.array([0, 0.5, 0.5], np.float32)
    colours = graph.node("Conv", pixels, graph.constant(mix), graph.constant(middle))
    centres = np.tile(np.linspace(0, 1, _BINS, dtype=np.float32), 3)
    distances = graph.node(
        "Conv",
        colours,
        graph.constant(np.ones((3 * _BINS, 1, 1, 1), np.float32)),
        graph.constant(-centres),
        group=3,
    )
    scaled = graph.node("Mul", graph.node("Abs", distances), graph.constant(np.float32(_BINS - 1)))
    membership = graph.node("Relu", graph.node("Sub", graph.constant(np.float32(1)), scaled))
    found: list[str] = []
    for cell in (_GRAIN, _GRAIN // 2):
        pooled = graph.node("AveragePool", membership, kernel_shape=[cell] * 2, strides=[cell] * 2)
        found.append(graph.node("Sqrt", graph.node("Flatten", pooled, axis=1)))
    return found
