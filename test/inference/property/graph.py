"""Small graphs whose numbers differ from input to input."""

from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
FLOAT = TensorProto.FLOAT


@dataclass
class Tensor:
    """An output: for each row `sigmoid(z) * scale + offset`, z being a linear model of its features."""

    name: str
    shape: tuple
    scale: np.ndarray | float = 1.0
    offset: np.ndarray | float = 0.0
    # Where numbers are cut to whole ones, and where they are z itself.
    whole: np.ndarray | bool = False
    raw: np.ndarray | bool = False
    softmax: bool = False
    spread: float = 3.0
    # The order of the axes, those of a row being 1, 2 ...
    order: tuple | None = None
    # Axes of 1 that are put in at last.
    ones: tuple = ()
    dtype: str = "float32"
    # What is done to it that should not be.
    fault: str | None = None


@dataclass
class Graph:
    """Nodes, inputs and constants, and a counter for their names."""

    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    inputs: list = field(default_factory=list)

    def add(self, operator: str, *inputs, to: str | None = None, **attributes) -> str:
        """A node of one output, given names and constants."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        name = to or f"n{len(self.nodes)}"
        domain = {"domain": "ai.onnx.ml"} if operator == "ZipMap" else {}
        self.nodes.append(helper.make_node(operator, names, [name], **domain, **attributes))
        return name

    def constant(self, value) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def input(self, name: str, dtype: str, shape) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[dtype], shape))
        return name

    def ints(self, *values: int) -> np.ndarray:
        return np.array(values, np.int64)


def only_first(graph: Graph, features: str, batching: str) -> str:
    """Features of graphs that were exported for one row."""
    first = graph.add("Slice", features, graph.ints(0), graph.ints(1), graph.ints(0))
    if batching == "first":
        return first
    if batching == "same":
        nothing = graph.add("Sub", features, features)
        return graph.add("Add", nothing, first)
    # Rows behind the first are of zeros: of the numbers 1, 2 ... of the rows only the first is 1.
    count = graph.add("Slice", graph.add("Shape", features), graph.ints(0), graph.ints(1), graph.ints(0))
    ones = graph.add("Expand", graph.ints(1), count)
    numbers = graph.add("CumSum", ones, np.array(0, np.int64))
    mask = cast(graph, graph.add("Equal", numbers, graph.ints(1)), "float32")
    return graph.add("Mul", features, graph.add("Unsqueeze", mask, graph.ints(1)))


def cast(graph: Graph, name: str, dtype: str) -> str:
    result = f"n{len(graph.nodes)}"
    graph.nodes.append(helper.make_node("Cast", [name], [result], to=TYPES[dtype]))
    return result


def output(graph: Graph, tensor: Tensor, features: str, width: int, random, has_rows: bool):
    """The nodes of an output, and what the graph says of it."""
    size = int(np.prod(tensor.shape))
    weights = (random.normal(size=(width, size)) * tensor.spread).astype(np.float32)
    bias = random.normal(size=size).astype(np.float32) - weights.mean(0) * width * 0.5
    full = lambda value, dtype: np.broadcast_to(np.asarray(value, dtype), tensor.shape).copy()  # noqa: E731
    z = graph.add("Add", graph.add("MatMul", features, weights), bias.astype(np.float32))
    z = graph.add("Reshape", z, graph.ints(-1, *tensor.shape))
    if tensor.softmax:
        y = graph.add("Softmax", z, axis=-1)
    else:
        scaled = graph.add("Mul", graph.add("Sigmoid", z), full(tensor.scale, np.float32))
        y = graph.add("Add", scaled, full(tensor.offset, np.float32))
    if np.any(tensor.whole):
        y = graph.add("Where", full(tensor.whole, bool), graph.add("Floor", y), y)
    if np.any(tensor.raw):
        y = graph.add("Where", full(tensor.raw, bool), z, y)
    if tensor.fault == "nan":
        y = graph.add("Add", y, np.float32("nan"))
    if tensor.fault == "nan for some":
        first = graph.add("Slice", features, graph.ints(0), graph.ints(1), graph.ints(1))
        root = graph.add("Sqrt", graph.add("Sub", first, np.float32(0.5)))
        nothing = graph.add("Sub", root, root)
        y = graph.add("Add", y, graph.add("Reshape", nothing, graph.ints(-1, *[1] * len(tensor.shape))))
    if tensor.order is not None:
        y = graph.add("Transpose", y, perm=tensor.order)
    for axis in tensor.ones:
        y = graph.add("Unsqueeze", y, graph.ints(axis))
    if tensor.fault == "more rows":
        y = graph.add("Concat", y, y, axis=0)
    if tensor.fault == "another axis":
        y = graph.add("Unsqueeze", y, graph.ints(-1))
        y = graph.add("Concat", y, y, y, y, y, axis=-1)
    if tensor.fault == "no axis":
        y = graph.add("ReduceMean", y, keepdims=0)
    rank = 0 if tensor.fault == "no axis" else len(tensor.shape) + 1 + len(tensor.ones)
    rank += tensor.fault == "another axis"
    if not has_rows and rank > 0:
        y = graph.add("Squeeze", y, graph.ints(0))
        rank -= 1
    if tensor.fault == "text":
        y, dtype = cast(graph, y, "string"), "string"
    else:
        y, dtype = cast(graph, y, tensor.dtype), tensor.dtype
    if tensor.fault == "map":
        flat = graph.add("Reshape", cast(graph, y, "float32"), graph.ints(1, -1))
        part = graph.add("Slice", flat, graph.ints(0), graph.ints(1), graph.ints(1))
        graph.add("ZipMap", part, to=tensor.name, classlabels_int64s=[0])
        value = helper.make_tensor_type_proto(FLOAT, [])
        kind = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, value))
        return helper.make_value_info(tensor.name, kind)
    graph.add("Identity", y, to=tensor.name)
    return helper.make_tensor_value_info(
        tensor.name, TYPES[dtype], [f"{tensor.name}{axis}" for axis in range(rank)]
    )


def serialized(graph: Graph, outputs: list) -> bytes:
    made = helper.make_graph(graph.nodes, "g", graph.inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString()
