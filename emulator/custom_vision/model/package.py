"""The zip that an export hands out, laid out as Custom Vision lays it out.

https://learn.microsoft.com/azure/ai-services/custom-vision-service/export-your-model
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime

from emulator.custom_vision.model.network import SIDE

_MODEL = "model.onnx"
_LABELS = "labels.txt"


def onnx_package(model: bytes, tags: Sequence[str], iteration: str, flavor: str, now: datetime) -> bytes:
    """Return a zip with ``model.onnx``, ``labels.txt`` (a tag a line, in the order of the model's output),
    ``metadata_properties.json`` and ``cvexport.manifest``.
    """
    manifest = {
        "DomainType": "Classification",
        "Platform": "ONNX",
        "Flavor": flavor,
        "ExporterVersion": "2.0",
        "ExportedDate": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "IterationId": iteration,
        "ModelFileName": _MODEL,
        "LabelFileName": _LABELS,
        "SchemaVersion": "1.0",
    }
    properties = {
        "CustomVision.Preprocess.ResizeMethod": "Stretch",
        "CustomVision.Preprocess.TargetWidth": str(SIDE),
        "CustomVision.Preprocess.TargetHeight": str(SIDE),
        "Image.BitmapPixelFormat": "Bgr8",
        "Image.NominalPixelRange": "NominalRange_0_255",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(_MODEL, model)
        package.writestr(_LABELS, "\n".join(tags))
        package.writestr("metadata_properties.json", json.dumps(properties, indent=2))
        package.writestr("cvexport.manifest", json.dumps(manifest, indent=2))
    return content.getvalue()
