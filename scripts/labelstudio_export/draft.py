"""A fitted model as the files of a version: graph, features and the meaning of the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import (  # noqa: F401  (each registers its emitters)
    adaboost,
    bayes,
    boosting,
    calibration,
    converted,
    ensembles,
    linear,
    links,
    pipelines,
    support_vectors,
    targets,
    trees,
)
from .context import Context, Raw
from .errors import ExportError
from .files import VersionFiles, dump_json
from .graph import GraphBuilder
from .nodes import Node
from .outcome import Classified, Multilabel, Outcome, Regressed, Several
from .unicode_tables import unicode_tables


@dataclass(frozen=True)
class Built:
    """What a fitted model became.

    `outputs` are the `OutputSpec`s of the version, in the order of `outcome`'s parts. `columns` are the
    `ColumnSpec`s of records, None for texts; `categories` those that each column was fitted with. `single`:
    something is computed in float32.
    """

    files: VersionFiles
    outputs: list[dict[str, Any]]
    outcome: Outcome
    columns: list[dict[str, str]] | None
    categories: dict[str, list[Any]]
    single: bool


def build_version(
    model: Any, data: Raw, labels: Sequence[Sequence[str]] = (), names: Sequence[str] = ()
) -> Built:
    """Turns a fitted model into the files of a version.

    :param labels: names for the classes of each output, in their order; empty: the classes as text
    :param names: names for the outputs; empty: `label`, `value`, or `target_1` ...
    :raises ExportError: when the model cannot be served
    """
    context = Context(VersionFiles())
    outcome = context.emit(model, data, type(model).__name__)
    outputs, tensors = _outputs(context.graph, outcome, labels, names)
    root = context.root()
    sparse = not context.graph.needs_dense and root.filled < root.width / 2
    layout = "sparse" if sparse else "dense"
    onnx_model = context.graph.finish(layout, root.dtype, root.width, tensors)
    context.files.put("model.onnx", onnx_model.SerializeToString(deterministic=True))
    columns = None
    if data.columns is not None:
        used = [name for name in data.columns if name in context.kinds]
        columns = [{"name": name, "kind": context.kinds[name]} for name in used]
    context.files.put("features.json", dump_json(_spec(context.files, root, layout, columns)))
    single = context.single or root.dtype == "float32"
    return Built(context.files, outputs, outcome, columns, context.categories, single)


@dataclass(frozen=True)
class _Output:
    tensor: str
    kind: str
    classes: np.ndarray | None = None
    threshold: float | None = None
    label: str | None = None


def _outputs(
    graph: GraphBuilder, outcome: Outcome, labels: Sequence[Sequence[str]], names: Sequence[str]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """`OutputSpec`s, and the tensors behind them by the names of the outputs of the graph."""
    found = _split(graph, outcome)
    names = _names(names, outcome, len(found))
    with_classes = sum(output.classes is not None for output in found)
    if labels and len(labels) != with_classes:
        raise ExportError(
            "--labels",
            f"it was given {len(labels)} times for {with_classes} outputs with classes",
            "give it once for each",
        )
    remaining = list(labels)
    specs: list[dict[str, Any]] = []
    tensors: list[tuple[str, str]] = []
    for number, (name, output) in enumerate(zip(names, found, strict=True), start=1):
        suffix = "" if len(found) == 1 else f"_{number}"
        tensor = {"value": "values"}.get(output.kind, output.kind) + suffix
        tensors.append((tensor, output.tensor))
        spec: dict[str, Any] = {"name": name, "tensor": tensor, "kind": output.kind}
        if output.classes is not None:
            spec["labels"] = class_labels(output.classes, remaining.pop(0) if remaining else None)
            spec["decision"] = {"rule": "argmax"}
        if output.threshold is not None:
            spec["decision"] = {"rule": "threshold", "threshold": output.threshold}
        if output.label is not None:
            tensors.append((f"label{suffix}", output.label))
            spec["decision"] = {"rule": "label", "tensor": f"label{suffix}"}
        specs.append(spec)
    return specs, tensors


def _split(graph: GraphBuilder, outcome: Outcome) -> list[_Output]:
    if isinstance(outcome, Regressed):
        if outcome.targets == 1:
            return [_Output(outcome.values, "value")]
        return [_Output(graph.columns(outcome.values, at, at + 1), "value") for at in range(outcome.targets)]
    if isinstance(outcome, Several):
        return [_classified(graph, part) for part in outcome.parts]
    if isinstance(outcome, Multilabel):
        if outcome.probabilities is not None:
            return [_Output(outcome.probabilities, "probabilities", outcome.classes, outcome.threshold)]
        return [_Output(outcome.scores or "", "scores", outcome.classes, outcome.threshold)]
    return [_classified(graph, outcome)]


def _classified(graph: GraphBuilder, part: Classified) -> _Output:
    if part.probabilities is not None:
        return _Output(part.probabilities, "probabilities", part.classes, label=part.label)
    scores = part.scores or ""
    wide = links.both_signs(graph, scores) if len(part.classes) == 2 else scores
    return _Output(wide, "scores", part.classes, label=part.label)


def _names(names: Sequence[str], outcome: Outcome, count: int) -> list[str]:
    if names:
        if len(names) != count or len(set(names)) != count:
            raise ExportError(
                "--outputs", f"{list(names)} are not {count} names", "give each output one name"
            )
        return list(names)
    if count > 1:
        return [f"target_{number}" for number in range(1, count + 1)]
    return ["value" if isinstance(outcome, Regressed) else "label"]


def class_labels(classes: np.ndarray, labels: Sequence[str] | None) -> list[str]:
    """The names of the classes.

    :raises ExportError: when `labels` are not one name a class
    """
    own = [str(value) for value in np.asarray(classes).tolist()]
    if labels is None:
        return own
    if len(labels) != len(own) or len(set(labels)) != len(labels):
        raise ExportError(
            "--labels",
            f"{list(labels)} are {len(set(labels))} names for the model's {len(own)} classes {own}",
            "give one name a class, each another, in the order of the classes",
        )
    return list(labels)


def _spec(
    files: VersionFiles, root: Node, layout: str, columns: list[dict[str, str]] | None
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "format": 1,
        "input": "text" if columns is None else "record",
        "root": root.step,
        "layout": layout,
        "dtype": root.dtype,
        "width": root.width,
    }
    if columns is not None:
        spec["columns"] = columns
    if '"type":"text"' in dump_json(root.step).decode():
        spec["unicode"] = files.add_json("unicode", unicode_tables())
    return spec
