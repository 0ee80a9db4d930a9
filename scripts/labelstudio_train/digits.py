"""The trainer of the shipped digits model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.writer import Draft, same_content, staged

from .shipped import run

LABELS = [str(digit) for digit in range(10)]
_CREDITS = (
    "Trained on 'Optical Recognition of Handwritten Digits' by E. Alpaydin and C. Kaynak, UCI Machine "
    "Learning Repository, 1998, https://doi.org/10.24432/C50P49, licensed CC BY 4.0 "
    "(https://creativecommons.org/licenses/by/4.0/), as scikit-learn carries it "
    "(sklearn.datasets.load_digits)."
)
_SIDE = 8
# The data set's darkest ink; its paper is 0.
_INK = 16
_FOLDS = 10
_TOLERANCE = 1e-5


def main(arguments: list[str] | None = None) -> None:
    """The command: trains, measures, writes a version; exit code 1 with one line on bad input."""
    description = "Train a neural network on scikit-learn's digits, and write it as a version of a model."
    run(train, description, "digits", arguments)


def train(repository: Path, name: str) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    inks, digits = load_digits(return_X_y=True)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    accuracies = cross_val_score(_network(), inks, digits, cv=folds)
    print(f"held-out accuracy in {_FOLDS} folds: {accuracies.mean():.3f}")
    model = _network().fit(inks, digits)
    graph = _graph(model)
    difference = _difference(graph, model, inks)
    files = VersionFiles()
    files.put("model.onnx", graph)
    output = {
        "name": "digit",
        "kind": "probabilities",
        "tensor": "probabilities",
        "labels": LABELS,
        "decision": {"rule": "argmax"},
    }
    metrics = {
        "accuracy": round(float(accuracies.mean()), 4),
        "method": f"{_FOLDS}-fold cross-validation",
        "samples": len(inks),
    }
    draft = Draft(files, [output], _manifest(), metrics)
    versions = repository / name / "versions"
    known = same_content(versions, draft)
    if known is not None:
        print(f"unchanged: {known} serves the same")
        return known
    with staged(versions, draft) as stage:
        parity = {"rows": len(inks), "largestDifference": difference, "tolerance": _TOLERANCE}
        folder = stage.commit(parity)
    print(f"wrote {folder}")
    return folder


def _network() -> MLPClassifier:
    return MLPClassifier((64,), alpha=0.01, max_iter=400, random_state=0)


def _manifest() -> dict:
    return {
        "format": 1,
        "title": "Handwritten digits",
        "description": "Which digit an image shows, in dark ink on light paper. A small neural network.",
        "credits": _CREDITS,
        "input": {"kind": "image", "width": _SIDE, "height": _SIDE, "channels": "gray"},
        "outputs": [{"name": "digit", "control": "Choices", "choice": "single"}],
    }


def _graph(model: MLPClassifier) -> bytes:
    """The network as ONNX: from images, 0 for black to 1 for white, to probabilities."""
    (first, second), (first_bias, second_bias) = model.coefs_, model.intercepts_
    # Ink is 16 * (1 - image): into the first layer with it.
    weights = {
        "first": -_INK * first,
        "first_bias": first_bias + _INK * first.sum(axis=0),
        "second": second,
        "second_bias": second_bias,
    }
    nodes = [
        helper.make_node("Flatten", ["pixel_values"], ["pixels"]),
        helper.make_node("Gemm", ["pixels", "first", "first_bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "second", "second_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["rows", 1, _SIDE, _SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(LABELS)])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def _difference(graph: bytes, model: MLPClassifier, inks: np.ndarray) -> float:
    """How far the graph is from the network at most, on all images.

    :raises ExportError: when that is too far
    """
    images = (1 - inks / _INK).reshape(-1, 1, _SIDE, _SIDE).astype(np.float32)
    (found,) = ReferenceEvaluator(graph).run(None, {"pixel_values": images})
    difference = float(np.abs(found - model.predict_proba(inks)).max())
    if not difference <= _TOLERANCE:
        raise ExportError(f"the graph differs from the network by {difference}")
    return difference
