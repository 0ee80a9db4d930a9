"""Models that skl2onnx converts: neighbours, neural nets, Gaussian naive Bayes ..."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from typing import Any

import onnx
import onnx.compose
from onnx import TensorProto
from scipy import sparse

from .context import Context, Data, emits
from .ensembles import as_tensor
from .errors import ExportError
from .graph import ML_OPSET, OPSET, GraphBuilder
from .outcome import Classified, Multilabel, Outcome, Regressed
from .targets import several

# ONNX Runtime has these in float alone.
_FLOAT = {"SVC", "NuSVC", "CategoricalNB"}
# A graph of 2 GB cannot be written, and one half as large is no pleasure to load.
_NEIGHBOUR_BYTES = 2**30


@emits(
    "sklearn.KNeighborsClassifier",
    "sklearn.MLPClassifier",
    "sklearn.GaussianNB",
    "sklearn.CategoricalNB",
    "sklearn.QuadraticDiscriminantAnalysis",
)
def emit_converted_classifier(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Probabilities, of one target or of several."""
    if getattr(model, "weights", None) not in {None, "uniform"}:
        # skl2onnx divides by the distance 0 where scikit-learn counts equal rows alone.
        raise ExportError(
            where, f"weights={model.weights!r} converts wrongly", "fit it with weights='uniform'"
        )
    _, probabilities = inline(context, model, data, where)
    if isinstance(model.classes_, list):
        return _targets(context, model, probabilities, where)
    binarizer = getattr(model, "_label_binarizer", None)
    if binarizer is not None and binarizer.y_type_ == "multilabel-indicator":
        return Multilabel(model.classes_, probabilities=probabilities)
    return Classified(model.classes_, probabilities)


def _targets(context: Context, model: Any, probabilities: str, where: str) -> Outcome:
    """Several targets as skl2onnx gives them, [targets, rows, classes]."""
    graph = context.graph
    if len({len(classes) for classes in model.classes_}) > 1:
        todo = "fit one model a target in a MultiOutputClassifier"
        raise ExportError(where, "its targets have different numbers of classes", todo)
    parts = []
    for target, classes in enumerate(model.classes_):
        of_target = graph.op("Gather", probabilities, graph.constant(target, "int64"), axis=0)
        parts.append(Classified(classes, of_target))
    return several(context, parts)


@emits(
    "sklearn.KNeighborsRegressor",
    "sklearn.MLPRegressor",
    "sklearn.GaussianProcessRegressor",
)
def emit_converted_regressor(context: Context, model: Any, data: Data, where: str) -> Outcome:
    """Values of one target or several."""
    if getattr(model, "weights", None) not in {None, "uniform"}:
        raise ExportError(
            where, f"weights={model.weights!r} converts wrongly", "fit it with weights='uniform'"
        )
    (values,) = inline(context, model, data, where)
    fitted = getattr(model, "_y", None)
    targets = getattr(model, "n_outputs_", None) or (
        1 if fitted is None or fitted.ndim == 1 else fitted.shape[1]
    )
    shape = context.graph.constant([-1, targets], "int64")
    return Regressed(context.graph.op("Reshape", values, shape), targets)


def inline(context: Context, model: Any, data: Data, where: str) -> list[str]:
    """Adds a converted model and returns the names of its outputs, numbers in double.

    :raises ExportError: when skl2onnx cannot convert it
    """
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    rows = as_tensor(context, data, where)
    model = _dense_neighbours(model, where)
    single = type(model).__name__ in _FLOAT
    kind = FloatTensorType if single else DoubleTensorType
    is_classifier = hasattr(model, "classes_")
    try:
        with quiet():
            converted = to_onnx(
                model,
                initial_types=[("input", kind([None, rows.width]))],
                target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
                options={id(model): {"zipmap": False}} if is_classifier else None,
            )
    except Exception as error:  # skl2onnx raises what it likes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(where, f"skl2onnx cannot convert it: {reason}", "use another model") from error
    context.single |= single
    source = context.graph.op("Cast", rows.name, to=TensorProto.FLOAT) if single else rows.name
    return insert(context.graph, converted, source)


def _dense_neighbours(model: Any, where: str) -> Any:
    """The model with the rows that it was fitted on as skl2onnx takes them: not sparse.

    :raises ExportError: when they are too many
    """
    fitted = getattr(model, "_fit_X", None)
    if not sparse.issparse(fitted):
        return model
    size = 8 * fitted.shape[0] * fitted.shape[1]
    if size > _NEIGHBOUR_BYTES:
        raise ExportError(
            where,
            f"its {fitted.shape[0]} sparse rows would be {size / 2**20:.0f} MB in the graph",
            "put a TruncatedSVD before it, or use another model",
        )
    dense = copy.copy(model)
    dense._fit_X = fitted.toarray()
    return dense


def insert(graph: GraphBuilder, converted: onnx.ModelProto, source: str) -> list[str]:
    """Adds a converted model's nodes on the tensor `source` and returns its outputs, numbers in double."""
    prefix = graph.name("converted") + "_"
    renamed = onnx.compose.add_prefix(converted, prefix=prefix)
    graph.nodes.append(onnx.helper.make_node("Identity", [source], [renamed.graph.input[0].name]))
    graph.nodes.extend(renamed.graph.node)
    graph.initializers.update({tensor.name: tensor for tensor in renamed.graph.initializer})
    outputs = []
    for output in renamed.graph.output:
        element = output.type.tensor_type.elem_type
        numbers = element in {TensorProto.FLOAT, TensorProto.DOUBLE}
        outputs.append(graph.op("Cast", output.name, to=TensorProto.DOUBLE) if numbers else output.name)
    return outputs


@contextlib.contextmanager
def quiet() -> Any:
    """Keeps a converter's warnings and prints from the terminal."""
    logging.getLogger("skl2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
