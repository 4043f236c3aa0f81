"""Runs a network of ONNX over the pixels of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from emulator.custom_vision.model.network import INPUT


class Network:
    """A network in memory; `run` may be called from several threads."""

    def __init__(self, source: Path | bytes, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        model = source if isinstance(source, bytes) else str(source)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the output [N, width] for `pixels` [N, 3, 224, 224], blue-green-red."""
        (output,) = self._session.run(None, {INPUT: pixels.astype(np.float32)})
        return np.asarray(output, np.float32)
