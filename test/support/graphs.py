"""Makes graphs that answer with constants and repeat their inputs.

stdin:  one JSON object a line:
        {"inputs": {name: {"type", "rank"}}, "outputs": {name: {"type", "dims", "data"}},
         "tokens": null or the ids [rows, tokens] that the outputs belong to,
         "rows": null or an input's several rows that they belong to: {"name", "dims", "data"}}
stdout: one JSON string a line: the graph in base64. Beside each output, `same_<input>` is that input.
"""

import base64
import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Tokens of a text, at most, beyond those of the example.
LONGEST = 64

TYPES = {
    "float32": (TensorProto.FLOAT, np.float32),
    "float64": (TensorProto.DOUBLE, np.float64),
    "int32": (TensorProto.INT32, np.int32),
    "int64": (TensorProto.INT64, np.int64),
    "bool": (TensorProto.BOOL, np.bool_),
    "string": (TensorProto.STRING, object),
}


def follow(name: str, value: np.ndarray, tokens: np.ndarray) -> list:
    """Gives each row of `input_ids` what belongs to the row with that first token, in its length."""

    def constant(part: str, array: np.ndarray) -> onnx.NodeProto:
        return helper.make_node("Constant", [], [f"{name}_{part}"], value=numpy_helper.from_array(array))

    length = tokens.shape[1]
    is_long = value.ndim == 3 and value.shape[1] == length
    if is_long:
        rest = np.zeros((value.shape[0], LONGEST, value.shape[2]), value.dtype)
        value = np.concatenate([value, rest], axis=1)
    first = f"{name}_first"
    nodes = [
        constant("values", value),
        constant("known", tokens[: len(value), 0].reshape(1, -1)),
        constant("zero", np.array([0], np.int64)),
        constant("one", np.array([1], np.int64)),
        constant("two", np.array([2], np.int64)),
        helper.make_node("Slice", ["input_ids", f"{name}_zero", f"{name}_one", f"{name}_one"], [first]),
        helper.make_node("Equal", [first, f"{name}_known"], [f"{name}_same"]),
        helper.make_node("Cast", [f"{name}_same"], [f"{name}_is"], to=TensorProto.INT64),
        helper.make_node("ArgMax", [f"{name}_is"], [f"{name}_row"], axis=1, keepdims=0),
        helper.make_node("Gather", [f"{name}_values", f"{name}_row"], [f"{name}_all" if is_long else name]),
    ]
    if is_long:
        axis = f"{name}_one"
        nodes += [
            helper.make_node("Shape", ["input_ids"], [f"{name}_shape"]),
            helper.make_node(
                "Slice", [f"{name}_shape", axis, f"{name}_two", f"{name}_zero"], [f"{name}_length"]
            ),
            helper.make_node("Slice", [f"{name}_all", f"{name}_zero", f"{name}_length", axis], [name]),
        ]
    return nodes


def follow_rows(name: str, value: np.ndarray, rows: dict) -> list:
    """Gives each row of an input what belongs to the row that is like it."""
    known = np.array(rows["data"], np.float32).reshape(1, rows["dims"][0], -1)
    constants = {
        "values": value,
        "known": known,
        "flat": np.array([-1, 1, known.shape[2]], np.int64),
        "last": np.array([2], np.int64),
    }
    return [
        *(
            helper.make_node("Constant", [], [f"{name}_{part}"], value=numpy_helper.from_array(array))
            for part, array in constants.items()
        ),
        helper.make_node("Reshape", [rows["name"], f"{name}_flat"], [f"{name}_own"]),
        helper.make_node("Sub", [f"{name}_own", f"{name}_known"], [f"{name}_apart"]),
        helper.make_node("Abs", [f"{name}_apart"], [f"{name}_far"]),
        helper.make_node("ReduceSum", [f"{name}_far", f"{name}_last"], [f"{name}_sum"], keepdims=0),
        helper.make_node("ArgMin", [f"{name}_sum"], [f"{name}_row"], axis=1, keepdims=0),
        helper.make_node("Gather", [f"{name}_values", f"{name}_row"], [name]),
    ]


def graph(spec: dict) -> bytes:
    """An ONNX model, serialised."""
    nodes, inputs, outputs = [], [], []
    for name, tensor in spec["inputs"].items():
        element = TYPES[tensor["type"]][0]
        shape = [None] * tensor["rank"]
        inputs.append(helper.make_tensor_value_info(name, element, shape))
        outputs.append(helper.make_tensor_value_info(f"same_{name}", element, shape))
        nodes.append(helper.make_node("Identity", [name], [f"same_{name}"]))
    for name, tensor in spec["outputs"].items():
        element, dtype = TYPES[tensor["type"]]
        value = np.array(tensor["data"], dtype=dtype).reshape(tensor["dims"])
        rows = spec["rows"]
        if rows is not None and rows["dims"][0] == value.shape[0]:
            outputs.append(helper.make_tensor_value_info(name, element, [None] * value.ndim))
            nodes += follow_rows(name, value, rows)
            continue
        # ONNX Runtime gathers the first string of a row alone.
        if spec["tokens"] is None or dtype is object:
            outputs.append(helper.make_tensor_value_info(name, element, tensor["dims"]))
            nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value)))
        else:
            outputs.append(helper.make_tensor_value_info(name, element, [None] * value.ndim))
            nodes += follow(name, value, np.array(spec["tokens"], np.int64))
    made = helper.make_graph(nodes, "example", inputs, outputs)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(made, opset_imports=[opset], ir_version=8).SerializeToString()


for line in sys.stdin:
    print(json.dumps(base64.b64encode(graph(json.loads(line))).decode()))
