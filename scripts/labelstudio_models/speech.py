"""models/speech: Silero VAD, which hears where somebody speaks."""

from __future__ import annotations

from labelstudio_export.files import VersionFiles
from labelstudio_export.writer import Draft

from .packages import Package, wheel_files

PACKAGE = Package(
    name="silero-vad",
    version="6.2.3",
    sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    license="MIT",
    source="https://github.com/snakers4/silero-vad",
)
# Of the graphs in it the one for 16 kHz alone: half as large, and its numbers are the same.
_GRAPH = "silero_vad/data/silero_vad_16k_op15.onnx"


def draft() -> Draft:
    """The version, fetched."""
    files = VersionFiles()
    files.put("model.onnx", wheel_files(PACKAGE, [_GRAPH])[_GRAPH])
    output = {"name": "label", "kind": "frames", "tensor": "output", "labels": ["Speech"]}
    return Draft(files, [output], None, {"source": PACKAGE.credits()}, tools={PACKAGE.name: PACKAGE.version})
