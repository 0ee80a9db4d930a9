"""Makes graphs that answer with constants and repeat their inputs.

stdin:  one JSON object a line:
        {"inputs": {name: {"type", "rank"}}, "outputs": {name: {"type", "dims", "data"}}}
stdout: one JSON string a line: the graph in base64. Beside each output, `same_<input>` is that input.
"""

import base64
import json
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    "float32": (TensorProto.FLOAT, np.float32),
    "float64": (TensorProto.DOUBLE, np.float64),
    "int32": (TensorProto.INT32, np.int32),
    "int64": (TensorProto.INT64, np.int64),
    "bool": (TensorProto.BOOL, np.bool_),
    "string": (TensorProto.STRING, object),
}


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
        outputs.append(helper.make_tensor_value_info(name, element, tensor["dims"]))
        nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value)))
    made = helper.make_graph(nodes, "example", inputs, outputs)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(made, opset_imports=[opset], ir_version=8).SerializeToString()


for line in sys.stdin:
    print(json.dumps(base64.b64encode(graph(json.loads(line))).decode()))
