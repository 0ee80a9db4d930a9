"""Inputs of models: what model.json says, what tasks show, and the tensors that a graph gets for that."""

import base64
import io
from dataclasses import dataclass, field

import numpy as np
from graph import Graph, cast
from PIL import Image

WORDS = ["<padding>", "<unknown>", "ash", "birch", "cedar", "elm", "fir", "oak", "pine", "yew"]
COUNTED = ["ash", "birch", "cedar", "elm", "fir", "oak"]


@dataclass
class Input:
    """One input kind with its options."""

    options: dict
    tag: str
    # By the name of the graph's input: its type, and the shape behind the rows.
    feeds: dict
    # How many features `build` makes.
    width: int
    # Width and height of images in the tensor, and how many times as large the image is.
    size: tuple = (1, 1)
    times: int = 1
    files: dict = field(default_factory=dict)
    # What is wrong with it.
    fault: str | None = None


def image(random) -> Input:
    width, height = (int(side) for side in random.choice([8, 12, 16], 2))
    layout = str(random.choice(["nchw", "nhwc"]))
    dtype = str(random.choice(["float32", "float32", "uint8"]))
    options = {"kind": "image", "width": width, "height": height, "resample": "box"}
    if layout == "nhwc" or random.random() < 0.5:
        options["layout"] = layout
    if random.random() < 0.3:
        options["channels"] = "bgr"
    if dtype == "uint8":
        options["dtype"] = dtype
    elif random.random() < 0.5:
        options["mean"] = [0.25, 0.5, 0.125]
        options["std"] = [0.5, 0.25, 1.0]
    own = dtype if dtype == "uint8" else str(random.choice(["float32", "float32", "float16", "float64"]))
    shape = [3, height, width] if layout == "nchw" else [height, width, 3]
    times = int(random.choice([1, 2]))
    return Input(options, "Image", {"pixel_values": (own, shape)}, 12, (width, height), times)


def tokens(random) -> Input:
    words = {
        "format": 1,
        "pattern": r"\w+",
        "lowercase": True,
        "vocabulary": WORDS,
        "unknown": 1,
        "padding": 0,
    }
    feeds = {"input_ids": (str(random.choice(["int64", "int32"])), ["tokens"])}
    if random.random() < 0.7:
        feeds["attention_mask"] = (
            str(random.choice(["int64", "int32", "bool", "float32", "float16"])),
            ["tokens"],
        )
    options = {"kind": "tokens", "tokenizer": "words.json"}
    return Input(options, "Text", feeds, 6, files={"words.json": words})


def text(random) -> Input:
    step = {
        **{"type": "text", "analyzer": "word", "ngramRange": [1, 1], "lowercase": True, "stripAccents": None},
        **{"stopWords": None, "tokenPattern": r"(?u)\b\w\w+\b", "binary": False, "dtype": "float64"},
        **{"terms": {"vocabulary": "vocabulary.json"}, "width": len(COUNTED)},
    }
    features = {"format": 1, "input": "text", "root": step, "layout": "dense", "dtype": "float64"}
    files = {"features.json": {**features, "width": len(COUNTED)}, "vocabulary.json": COUNTED}
    own = str(random.choice(["float64", "float32", "float16"]))
    return Input({"kind": "text"}, "Text", {"input": (own, [len(COUNTED)])}, len(COUNTED), files=files)


def task(given: Input, random):
    """What a task shows, and what the graph gets for it, without rows."""
    if given.tag == "Text":
        words = [str(word) for word in random.choice([*WORDS[2:], "zelkova"], random.integers(1, 9))]
        shown = " ".join(words)
        if given.options["kind"] == "text":
            return shown, {"input": np.array([words.count(word) for word in COUNTED], np.float64)}
        ids = np.array([WORDS.index(word) if word in WORDS else 1 for word in words], np.int64)
        return shown, {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    width, height = given.size
    # Of four colours, so that it matters where a pixel is.
    colours = random.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    pixels = colours.repeat(height // 2, 0).repeat(width // 2, 1)
    large = pixels.repeat(given.times, 0).repeat(given.times, 1)
    stored = io.BytesIO()
    Image.fromarray(large).save(stored, "PNG")
    shown = f"data:image/png;base64,{base64.b64encode(stored.getvalue()).decode()}"
    if given.options.get("channels") == "bgr":
        pixels = pixels[:, :, ::-1]
    if given.options.get("dtype") != "uint8":
        pixels = (pixels / 255 - given.options.get("mean", 0)) / given.options.get("std", 1)
    if given.options.get("layout") != "nhwc":
        pixels = pixels.transpose(2, 0, 1)
    return shown, {"pixel_values": pixels}


def declare(graph: Graph, given: Input, rows) -> dict:
    """The graph's inputs as float32 or int64, with an axis of rows; with the rows None they come without."""
    names = {}
    for name, (dtype, shape) in given.feeds.items():
        own, sides = name, list(shape)
        if given.fault == "another name":
            own = f"my_{name}"
        if given.fault == "another size":
            sides = [side + 2 if isinstance(side, int) and side > 3 else side for side in sides]
            sides = [7 if side == "tokens" else side for side in sides]
        if given.fault == "another rank":
            sides = [*sides, 2]
        if given.fault == "another type":
            dtype = "int8" if name == "pixel_values" else "string"
        graph.input(own, dtype, sides if rows is None else [rows, *sides])
        value = cast(graph, own, "int64" if name == "input_ids" else "float32")
        if given.fault == "another rank":
            value = graph.add("ReduceMax", value, axes=[-1], keepdims=0)
        names[name] = graph.add("Unsqueeze", value, graph.ints(0)) if rows is None else value
    if given.fault == "one more":
        graph.add("Abs", graph.input("temperature", "float32", [1]))
    return names


def features(graph: Graph, given: Input, names: dict, random) -> str:
    """The features of each row: [rows, width]."""
    if "input" in names:
        return graph.add("Slice", names["input"], graph.ints(0), graph.ints(given.width), graph.ints(1))
    if "input_ids" in names:
        table = random.random((len(WORDS), given.width)).astype(np.float32)
        table[0] = 0
        words = graph.add("Gather", table, names["input_ids"])
        if "attention_mask" not in names:
            return graph.add("ReduceSum", words, graph.ints(1), keepdims=0)
        mask = graph.add("Unsqueeze", names["attention_mask"], graph.ints(2))
        kept = graph.add("ReduceSum", graph.add("Mul", words, mask), graph.ints(1), keepdims=0)
        return graph.add("Div", kept, graph.add("ReduceSum", mask, graph.ints(1), keepdims=0))
    pixels = names["pixel_values"]
    width, height = given.size
    if given.options.get("layout") == "nhwc":
        pixels = graph.add("Transpose", pixels, perm=[0, 3, 1, 2])
    if given.options.get("dtype") == "uint8":
        pixels = graph.add("Div", pixels, np.float32(255))
    half = [height // 2, width // 2]
    pooled = graph.add("AveragePool", pixels, kernel_shape=half, strides=half)
    return graph.add("Reshape", pooled, graph.ints(-1, given.width))
