"""From a PyTorch model to an ONNX graph that gives the same numbers, whatever the size of a batch."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from labelstudio_export.errors import ExportError

Feeds = Mapping[str, np.ndarray]

# float32 in another order of sums: absolute up to 1, relative beyond.
TOLERANCE = 1e-4
# The newest that each exporter writes well, both old enough for the server's runtime.
_OPSETS = {"dynamo": 18, "torchscript": 17}
# A graph of 2 GB cannot be written.
_MOST_BYTES = 2**31 - 1
# Of ONNX Runtime's log: what goes wrong is told by its exceptions.
_FATAL = 4


class Served(torch.nn.Module):
    """A model as a graph has it: inputs in a fixed order, and tensors out.

    :param names: the inputs of `forward` that it gets
    :param read: makes the tensors of what `forward` returns
    """

    def __init__(
        self,
        model: torch.nn.Module,
        names: Sequence[str],
        read: Callable[[Any], tuple[torch.Tensor, ...]],
    ) -> None:
        super().__init__()
        self.model = model
        self.names = tuple(names)
        self.read = read

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The model's numbers."""
        return self.read(self.model(**dict(zip(self.names, inputs, strict=True))))

    def answer(self, feeds: Feeds) -> np.ndarray:
        """What PyTorch computes; several tensors are joined along their last axis."""
        with torch.no_grad():
            return _joined([each.numpy() for each in self(*_tensors(self, feeds))])


def returned(model: torch.nn.Module, names: Sequence[str], feeds: Feeds) -> Any:
    """What `forward` returns."""
    with torch.no_grad():
        return model(**{name: torch.from_numpy(feeds[name]) for name in names})


def input_names(model: torch.nn.Module, known: Sequence[str]) -> list[str]:
    """Which of the inputs that the server can give `forward` takes.

    :raises ExportError: when it needs others, or takes none of these
    """
    parameters = inspect.signature(model.forward).parameters.values()
    names = [each.name for each in parameters if each.name in known]
    needed = [
        each.name
        for each in parameters
        if each.name not in known
        and each.default is each.empty
        and each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
    ]
    if needed or not names:
        what = f"it needs {', '.join(needed)}" if needed else "it takes none of the inputs of this task"
        raise ExportError("forward()", what, f"let it take some of {', '.join(known)}, by these names")
    return names


@dataclass(frozen=True)
class Graph:
    """An ONNX model, and which of torch's exporters made it."""

    data: bytes
    exporter: str


def to_graph(
    served: Served,
    example: Feeds,
    batches: Sequence[Feeds],
    dynamic: Mapping[str, Mapping[int, str]],
    outputs: Sequence[str],
) -> Graph:
    """The graph of the first exporter whose numbers are those of PyTorch on all batches.

    :param example: what the model is traced with
    :param batches: of other sizes than the example
    :param dynamic: of each input and output the names of the dimensions that differ
    :param outputs: the names of its tensors in the graph
    :raises ExportError: when no exporter makes such a graph
    """
    reasons = []
    for name, exporter in _EXPORTERS.items():
        try:
            with _quiet():
                model = exporter(served, example, dynamic, outputs)
                data = _plain(model)
            _check(data, served, batches, outputs)
            return Graph(data, name)
        except ExportError as error:
            reasons.append(f"{name}: {error.what}")
        except Exception as error:  # exporters raise what they like
            reasons.append(f"{name}: {type(error).__name__}: {(str(error).strip() or '?').splitlines()[0]}")
    raise ExportError(
        "the model",
        f"neither of torch's exporters makes a graph that agrees with it ({'; '.join(reasons)})",
        "keep forward() to tensors whose sizes come from its inputs",
    )


def _export_dynamo(
    served: Served, example: Feeds, dynamic: Mapping[str, Mapping[int, str]], outputs: Sequence[str]
) -> onnx.ModelProto:
    dims = {
        name: torch.export.Dim(name) for name in sorted({n for d in dynamic.values() for n in d.values()})
    }
    shapes = tuple({at: dims[name] for at, name in dynamic[each].items()} for each in served.names)
    program = torch.onnx.export(
        served,
        _tensors(served, example),
        input_names=list(served.names),
        output_names=list(outputs),
        dynamic_shapes=(shapes,),
        opset_version=_OPSETS["dynamo"],
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return program.model_proto


def _export_torchscript(
    served: Served, example: Feeds, dynamic: Mapping[str, Mapping[int, str]], outputs: Sequence[str]
) -> onnx.ModelProto:
    file = io.BytesIO()
    torch.onnx.export(
        served,
        _tensors(served, example),
        file,
        input_names=list(served.names),
        output_names=list(outputs),
        dynamic_axes={
            name: dict(axes) for name, axes in dynamic.items() if name in {*served.names, *outputs}
        },
        opset_version=_OPSETS["torchscript"],
        dynamo=False,
    )
    return onnx.load_from_string(file.getvalue())


_EXPORTERS: dict[str, Callable[..., onnx.ModelProto]] = {
    "dynamo": _export_dynamo,
    "torchscript": _export_torchscript,
}


def _tensors(served: Served, feeds: Feeds) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(feeds[name]) for name in served.names)


def _plain(model: onnx.ModelProto) -> bytes:
    """The model without what tells of the machine that made it: the same weights make the same bytes."""
    del model.metadata_props[:]
    for graph in [model.graph, *model.functions]:
        if isinstance(graph, onnx.GraphProto):
            del graph.metadata_props[:], graph.value_info[:]
            graph.doc_string = ""
            for value in [*graph.input, *graph.output, *graph.initializer]:
                value.doc_string = ""
                del value.metadata_props[:]
        for node in graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
    size = model.ByteSize()
    if size > _MOST_BYTES:
        raise ExportError(
            "the model", f"its graph has {size / 2**30:.1f} GB, of 2 at most", "make it smaller"
        )
    return model.SerializeToString(deterministic=True)


def _check(data: bytes, served: Served, batches: Sequence[Feeds], outputs: Sequence[str]) -> None:
    options, run = onnxruntime.SessionOptions(), onnxruntime.RunOptions()
    options.log_severity_level = run.log_severity_level = _FATAL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    wanted = [each.name for each in session.get_inputs()]
    lost = [name for name in served.names if name not in wanted]
    for feeds in batches:
        expected = served.answer(feeds)
        got = _joined(session.run(list(outputs), {name: feeds[name] for name in wanted}, run))
        off = distance(expected, got)
        if off > TOLERANCE:
            shape = list(next(iter(feeds.values())).shape)
            ignored = f", without {', '.join(lost)}" if lost else ""
            raise ExportError("the graph", f"it differs by {off:.2g} at {shape}{ignored}", "change the model")


def _joined(tensors: Sequence[np.ndarray]) -> np.ndarray:
    return tensors[0] if len(tensors) == 1 else np.concatenate(tensors, axis=-1)


def distance(expected: np.ndarray, got: np.ndarray) -> float:
    """The largest difference, absolute up to 1 and relative beyond; infinite for another shape or NaN."""
    if expected.shape != got.shape or not np.all(np.isfinite(got)):
        return float("inf")
    return float((np.abs(expected - got) / np.maximum(1.0, np.abs(expected))).max(initial=0.0))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporters' warnings and prints from the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
