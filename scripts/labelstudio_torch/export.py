"""Exports a PyTorch model: builds a version, holds it against the original, writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from labelstudio_export.checked import Exported, Original, write_checked
from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.gate import parity_file
from labelstudio_export.samples import Samples
from labelstudio_export.writer import Draft, tool_versions

from .contract import Head, Rows, Task
from .graph import TOLERANCE, Feeds, Served, distance, input_names, returned, to_graph

_TOOLS = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "tokenizers")
# Rows that are looked at together, and rows of a batch that a model is traced with.
_TOGETHER = 8
_TRACED = 3


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A model that is ready to answer, what it is for, and values to compare it on.

    `rows` makes its inputs of values such as `samples`; `output` names what it answers.
    """

    model: torch.nn.Module
    task: Task
    rows: Rows
    samples: Sequence[Any]
    output: str = "label"
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TorchRequest(TorchModel):
    """What to export as which model of a repository; `control` is the tag of the control that it fills."""

    name: str
    repository: Path
    control: str | None = None
    title: str | None = None
    about: dict[str, Any] = field(default_factory=dict)


def export_torch(request: TorchRequest) -> Exported:
    """Exports a model into a repository, or refuses and leaves nothing behind.

    :raises ExportError: when the model cannot be served, or what would be served differs from it
    """
    draft, original, head = _convert(request)
    draft.manifest = {
        "format": 1,
        "title": request.title or request.name,
        **request.about,
        "input": request.rows.options(),
        "outputs": [head.manifest(draft.outputs[0], request.control)],
    }
    return write_checked(draft, original, request.repository / request.name / "versions")


def export_trained_torch(model: TorchModel, versions: Path) -> Exported:
    """Exports what was trained for a model that has its model.json elsewhere; the version alone is written.

    :param versions: the folder that gets the version's
    :raises ExportError: as `export_torch`
    """
    draft, original, _ = _convert(model)
    return write_checked(draft, original, versions)


def _convert(request: TorchModel) -> tuple[Draft, Original, Head]:
    model, rows = request.model.eval(), request.rows
    names = input_names(model, list(rows.inputs))
    samples = rows.samples(request.samples)
    batches = _batches(rows, samples)
    with _telling(batches[0]):
        head = request.task.head(returned(model, names, batches[0]), batches[0])
    plain = Served(model, names, head.read)
    _check_shape(plain, head, batches)
    raw = [plain.answer(rows.feeds([value]))[0] for value in samples.values]
    _check_finite(raw, samples)
    activation = head.activation(raw)
    served = Served(model, names, lambda answer: head.served(head.read(answer), activation))
    _check_filling(served, head, rows, samples)
    known = {name for dims in rows.inputs.values() for name in dims.values()}
    output = {at: name for at, name in head.dynamic.items() if name in known}
    dynamic = {**rows.inputs, **dict.fromkeys(head.tensors, output)}
    graph = to_graph(served, batches[-1], batches[:-1], dynamic, head.tensors)

    numbers = [served.answer(rows.feeds([value]))[0] for value in samples.values]
    own = [_own(head, rows, value, each) for value, each in zip(samples.values, numbers, strict=True)]
    spec = head.spec(request.output, own)
    references = {request.output: head.reference(own)}
    files = VersionFiles()
    files.put("model.onnx", graph.data)
    rows.put(files)
    files.put("parity.json", parity_file(samples, references, TOLERANCE))
    tools = tool_versions(_TOOLS) | {"torch.onnx.export": graph.exporter}
    draft = Draft(files, [spec], None, request.metrics, rows.options(), tools)
    return draft, Original(type(model).__name__, samples, references, TOLERANCE), head


def _batches(rows: Rows, samples: Samples) -> list[Feeds]:
    """Batches of one row and of several, of the shortest and the longest rows; the last one to trace with."""
    order = sorted(samples.values, key=rows.size)
    large = rows.alike([value for value in order if rows.size(value) > _TRACED] or order)
    some = rows.alike(order)
    chosen = [order[:1], order[-1:], some[:_TRACED], rows.alike([some[0], *some[-_TRACED:]]), large[:_TRACED]]
    return [rows.feeds(values) for values in chosen]


def _own(head: Head, rows: Rows, value: Any, numbers: np.ndarray) -> np.ndarray:
    """What a row's numbers are without those of special tokens, where each token has its own."""
    return numbers[rows.own(value)] if 1 in head.dynamic else numbers


def _check_shape(served: Served, head: Head, batches: Sequence[Feeds]) -> None:
    for feeds in batches:
        with _telling(feeds):
            answer = served.answer(feeds)
        wanted = head.dims(dict(feeds))
        if answer.shape != wanted:
            what = f"it gives {list(answer.shape)}, not {list(wanted)}, with {len(head.labels)} labels"
            todo = f"let it return {head.shape}, and name all labels with --labels"
            raise ExportError("forward()", what, todo)


@contextlib.contextmanager
def _telling(feeds: Feeds) -> Iterator[None]:
    """:raises ExportError: that tells what a model raised that was given `feeds`"""
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        size = list(next(iter(feeds.values())).shape)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        todo = "let it take any number of rows, as large as the options let them be"
        raise ExportError("forward()", f"it fails on inputs of the shape {size}: {reason}", todo) from error


def _check_finite(numbers: Sequence[np.ndarray], samples: Samples) -> None:
    for index, each in enumerate(numbers):
        if not np.all(np.isfinite(each)):
            where = (
                f"--samples, row {index + 1}" if index < samples.given else f"{samples.values[index]!r:.40}"
            )
            raise ExportError(
                where, "the model answers NaN or infinity", "train it again, or correct the row"
            )


def _check_filling(served: Served, head: Head, rows: Rows, samples: Samples) -> None:
    """Checks that a row's answer does not depend on the others of its batch, which fill it up.

    :raises ExportError: when it does
    """
    order = rows.alike(sorted(samples.values, key=rows.size))
    step = max(len(order) // _TOGETHER, 1)
    together = order[::step][:_TOGETHER]
    answers = served.answer(rows.feeds(together))
    for value, filled in zip(together, answers, strict=True):
        alone = _own(head, rows, value, served.answer(rows.feeds([value]))[0])
        off = distance(alone, _own(head, rows, value, filled))
        if off > TOLERANCE:
            what = f"its answer to {rows.wording.row} changes by {off:.2g} {rows.wording.beside}"
            raise ExportError("forward()", what, rows.wording.todo)
