"""Writes a small model of what is pointed at, in the way of Segment Anything's export.

stdout: one JSON string a line, the two graphs in base64. The encoder gives the mean of the image. The
decoder knows 64 x 64 cells of a tensor of 256 x 256 pixels: in are squares of 40 pixels around the points
inside, and the rectangle; out are those around the points outside. Its second mask is that, and the image's
mean its score; the first is nothing, of the score 0.25.
"""

import base64
import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
nodes, constants = [], []


def constant(name: str, value: object, dtype: type = np.float32) -> str:
    """A tensor that is always the same."""
    constants.append(numpy_helper.from_array(np.array(value, dtype), name))
    return name


def node(op: str, inputs: list[str], name: str, **attributes: object) -> str:
    """A step; its output has its name."""
    nodes.append(helper.make_node(op, inputs, [name], **attributes))
    return name


def graph(inputs: dict[str, list], outputs: dict[str, list]) -> None:
    """Prints the graph of the steps so far, and forgets them."""
    infos = [
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in each.items()]
        for each in (inputs, outputs)
    ]
    made = helper.make_graph(nodes, "prompts", *infos, constants)
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(made, opset_imports=[opset], ir_version=8)
    print(json.dumps(base64.b64encode(model.SerializeToString()).decode()))
    nodes.clear()
    constants.clear()


node("ReduceMean", ["pixel_values"], "image_embeddings", axes=[1, 2, 3])
graph({"pixel_values": [None, 3, 256, 256]}, {"image_embeddings": [None, 1, 1, 1]})

cells = (np.arange(64) + 0.5) * 4
constant("X", np.broadcast_to(cells, (1, 1, 64, 64)))
constant("Y", np.broadcast_to(cells[:, None], (1, 1, 64, 64)))
constant("axes", [2, 3], np.int64)
for name, number in {"half": 20, "never": -1e4, "always": 1e4, "worse": 0.25}.items():
    constant(name, number)
node("Split", ["point_coords", constant("ones", [1, 1], np.int64)], "px", axis=2)
nodes[-1].output.append("py")
for axis in "xy":
    node("Unsqueeze", [f"p{axis}", constant(f"last{axis}", [3], np.int64)], axis)
    node("Sub", [axis.upper(), axis], f"d{axis}")
    node("Abs", [f"d{axis}"], f"away{axis}")
node("Unsqueeze", ["point_labels", "axes"], "labels")
for number in range(4):
    node("Equal", ["labels", constant(f"number{number}", number)], f"is{number}")
    node("Cast", [f"is{number}"], f"as{number}", to=FLOAT)
node("Max", ["awayx", "awayy"], "away")
node("Sub", ["half", "away"], "near")
node("Neg", ["near"], "far")
node("Where", ["is1", "near", "never"], "inside")
node("ReduceMax", ["inside"], "any_inside", axes=[1])
node("Where", ["is0", "far", "always"], "outside")
node("ReduceMin", ["outside"], "all_outside", axes=[1])
sides = []
for number, sign in ((2, 1), (3, -1)):
    for axis in "xy":
        node("Mul", [axis, f"as{number}"], f"only{axis}{number}")
        node(
            "ReduceSum",
            [f"only{axis}{number}", constant(f"points{axis}{number}", [1], np.int64)],
            f"c{axis}{number}",
        )
        pair = [axis.upper(), f"c{axis}{number}"]
        sides.append(node("Sub", pair[::sign], f"side{axis}{number}"))
node("Min", sides, "within")
node("ReduceMax", ["as3"], "has_box", axes=[1])
node("Cast", ["has_box"], "is_box", to=TensorProto.BOOL)
node("Where", ["is_box", "within", "never"], "box")
node("Max", ["any_inside", "box"], "either")
node("Min", ["either", "all_outside"], "mask")
node("Mul", ["mask", constant("zero", 0)], "flat")
node("Add", ["flat", "never"], "nothing")
node("Concat", ["nothing", "mask"], "low_res_masks", axis=1)
node("Reshape", ["image_embeddings", constant("row", [1, 1], np.int64)], "mean")
node("Mul", ["mean", "zero"], "none")
node("Add", ["none", "worse"], "low")
node("Concat", ["low", "mean"], "iou_predictions", axis=1)
graph(
    {"image_embeddings": [1, 1, 1, 1], "point_coords": [1, None, 2], "point_labels": [1, None]},
    {"low_res_masks": [1, 2, 64, 64], "iou_predictions": [1, 2]},
)
