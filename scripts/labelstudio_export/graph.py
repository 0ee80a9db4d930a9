"""Builds the ONNX graph of a version: rows in, probabilities, scores or values out, in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# What ONNX Runtime 1.30 runs on the CPU in double, with every operator used here.
OPSET = 18
ML_OPSET = 3
IR_VERSION = 10


@dataclass(frozen=True)
class Rows:
    """Columns `start` to `start + width` of the graph's input rows."""

    start: int
    width: int


@dataclass
class _Linear:
    rows: Rows
    weights: np.ndarray
    bias: np.ndarray
    binarize: float | None
    output: str


@dataclass
class GraphBuilder:
    """Collects nodes; linear models on the input rows are gathered into one product at the end."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: dict[str, onnx.TensorProto] = field(default_factory=dict)
    _linear: list[_Linear] = field(default_factory=list)
    _dense: dict[Rows, str] = field(default_factory=dict)
    _constants: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)
    _count: int = 0

    @property
    def needs_dense(self) -> bool:
        """Whether something takes whole rows, so that a sparse triple is not enough."""
        return bool(self._dense)

    def name(self, stem: str) -> str:
        """A new tensor name."""
        self._count += 1
        return f"t{self._count}_{stem}"

    def constant(self, value: Any, dtype: str = "float64") -> str:
        """The name of an initializer with this value; equal ones are shared."""
        array = np.ascontiguousarray(value, dtype=dtype).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = self.name("constant")
            self.initializers[name] = numpy_helper.from_array(array, name)
            self._constants[key] = name
        return self._constants[key]

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output and returns the output's name."""
        output = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def ops(self, kind: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        """Adds a node with several outputs and returns their names."""
        names = [self.name(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def dense(self, rows: Rows) -> str:
        """The tensor [rows, width] of these input columns, in the layout's dtype; makes the layout dense."""
        if rows not in self._dense:
            self._dense[rows] = self.name("rows")
        return self._dense[rows]

    def dense_double(self, rows: Rows) -> str:
        """The same in double."""
        return self.op("Cast", self.dense(rows), to=TensorProto.DOUBLE)

    def binarized(self, tensor: str, threshold: float) -> str:
        """1.0 where the tensor is above the threshold, else 0.0."""
        return self.op("Cast", self.op("Greater", tensor, self.constant(threshold)), to=TensorProto.DOUBLE)

    def linear(
        self, rows: Rows | str, weights: np.ndarray, bias: np.ndarray, binarize: float | None = None
    ) -> str:
        """`x @ weights + bias`, [rows, outputs], for input columns or a tensor.

        :param weights: [features, outputs]
        :param bias: [outputs]
        :param binarize: first makes every feature 1 where it is above this, else 0
        """
        weights = np.asarray(weights, dtype=np.float64)
        bias = np.asarray(bias, dtype=np.float64)
        if isinstance(rows, Rows) and binarize is not None and binarize < 0:
            rows = self.dense_double(
                rows
            )  # A threshold below 0 makes features of what a sparse row leaves out.
        if isinstance(rows, str):
            x = rows if binarize is None else self.binarized(rows, binarize)
            return self.op("Add", self.op("MatMul", x, self.constant(weights)), self.constant(bias))
        output = self.name("scores")
        self._linear.append(_Linear(rows, weights, bias, binarize, output))
        return output

    def columns(self, tensor: str, start: int, end: int) -> str:
        """Columns `start` to `end` of a tensor [rows, columns]."""
        return self.op("Slice", tensor, *(self.constant([n], "int64") for n in (start, end, 1)))

    def finish(
        self, layout: str, dtype: str, width: int, outputs: Sequence[tuple[str, str]]
    ) -> onnx.ModelProto:
        """The whole model.

        :param layout: `sparse` or `dense`, see `FeaturesSpec` of `src/inputs/features/spec.ts`
        :param dtype: element type of the rows, `float64` or `float32`
        :param width: columns of a row
        :param outputs: the graph's outputs: the name to give and the tensor
        """
        front = GraphBuilder(_constants=self._constants, initializers=self.initializers, _count=self._count)
        element = TensorProto.DOUBLE if dtype == "float64" else TensorProto.FLOAT
        if layout == "sparse":
            inputs = front._sparse_front(self._linear, width, element)
        else:
            inputs = front._dense_front(self._linear, self._dense, width, element)
        nodes = front.nodes + self.nodes
        nodes += [helper.make_node("Identity", [tensor], [name]) for name, tensor in outputs]
        described = [_described(name) for name, _ in outputs]
        nodes, used = _needed(nodes, [name for name, _ in outputs])
        tensors = [tensor for name, tensor in front.initializers.items() if name in used]
        graph = helper.make_graph(nodes, "version", inputs, described, tensors)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="labelstudio-export"
        )
        onnx.checker.check_model(model)
        return model

    def _sparse_front(self, linear: list[_Linear], width: int, element: int) -> list[onnx.ValueInfoProto]:
        value = self.op("Cast", "value", to=TensorProto.DOUBLE)
        row = self.op("Unsqueeze", self.op("Cast", "row", to=TensorProto.INT64), self.constant([1], "int64"))
        for binarize in sorted({block.binarize for block in linear}, key=lambda at: (at is not None, at)):
            blocks = [block for block in linear if block.binarize == binarize]
            outputs = sum(block.weights.shape[1] for block in blocks)
            weights = np.zeros((width, outputs))
            self._split(blocks, weights)
            of_value = value if binarize is None else self.binarized(value, binarize)
            column = self.op("Unsqueeze", of_value, self.constant([1], "int64"))
            terms = self.op("Mul", self.op("Gather", self.constant(weights), "feature"), column)
            shape = self.op("Concat", "size", self.constant([outputs], "int64"), axis=0)
            zeros = self.op(
                "ConstantOfShape", shape, value=helper.make_tensor("zero", TensorProto.DOUBLE, [1], [0.0])
            )
            # Not ScatterND: with several threads ONNX Runtime's additions race there and sums come out wrong.
            index = self.op("Expand", row, self.constant([1, outputs], "int64"))
            total = self.op("ScatterElements", zeros, index, terms, axis=0, reduction="add")
            self._bias(blocks, total)
        return [
            helper.make_tensor_value_info("row", TensorProto.INT32, ["entries"]),
            helper.make_tensor_value_info("feature", TensorProto.INT32, ["entries"]),
            helper.make_tensor_value_info("value", element, ["entries"]),
            helper.make_tensor_value_info("size", TensorProto.INT64, [1]),
        ]

    def _split(self, blocks: list[_Linear], weights: np.ndarray) -> None:
        """Lays the blocks' weights side by side into `weights` [width, all outputs]."""
        at = 0
        for block in blocks:
            end = at + block.weights.shape[1]
            weights[block.rows.start : block.rows.start + block.rows.width, at:end] = block.weights
            at = end

    def _bias(self, blocks: list[_Linear], total: str) -> None:
        """Adds the biases to the sums of all blocks, and hands each block its columns."""
        total = self.op("Add", total, self.constant(np.concatenate([block.bias for block in blocks])))
        at = 0
        for block in blocks:
            end = at + block.weights.shape[1]
            part = total if len(blocks) == 1 else self.columns(total, at, end)
            self.nodes.append(helper.make_node("Identity", [part], [block.output]))
            at = end

    def _dense_front(
        self, linear: list[_Linear], dense: dict[Rows, str], width: int, element: int
    ) -> list[onnx.ValueInfoProto]:
        def of(rows: Rows) -> str:
            whole = rows == Rows(0, width)
            return "input" if whole else self.columns("input", rows.start, rows.start + rows.width)

        for rows, tensor in dense.items():
            self.nodes.append(helper.make_node("Identity", [of(rows)], [tensor]))
        for block in linear:
            rows = self.op("Cast", of(block.rows), to=TensorProto.DOUBLE)
            if block.binarize is not None:
                rows = self.binarized(rows, block.binarize)
            product = self.op("MatMul", rows, self.constant(block.weights))
            self._bias([block], product)
        return [helper.make_tensor_value_info("input", element, ["rows", width])]


def _needed(nodes: list[onnx.NodeProto], outputs: list[str]) -> tuple[list[onnx.NodeProto], set[str]]:
    """The nodes that the outputs hang on, and all tensors that these read.

    Converters add labels that nobody asked for, some with operators that ONNX Runtime lacks in double.
    """
    used = set(outputs)
    kept = []
    for node in reversed(nodes):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
            for attribute in node.attribute:
                # What a loop's body reads from outside counts as well.
                used.update(name for inner in attribute.g.node for name in inner.input)
    return kept[::-1], used


def _described(name: str) -> onnx.ValueInfoProto:
    """An output of the graph: class indices [rows] if it is a label, else double [rows, columns]."""
    if name.startswith("label"):
        return helper.make_tensor_value_info(name, TensorProto.INT64, ["rows"])
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows", None])
