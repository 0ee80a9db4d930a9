"""Random detectors and models of key points."""

import numpy as np
from graph import Tensor
from plans import (
    NAMES,
    POINTS,
    Plan,
    declare,
    dtype_of,
    general,
    label_numbers,
    pick,
    relabel,
    renumber,
    reshape,
)

import inputs

# Of the four numbers of a box: how large each may be and where it begins, in parts of the sides.
FORMS = {
    "xyxy": ([0.4, 0.4, 0.6, 0.6], [-0.1, -0.1, 0.45, 0.45]),
    "yxyx": ([0.4, 0.4, 0.6, 0.6], [-0.1, -0.1, 0.45, 0.45]),
    "xywh": ([0.4, 0.4, 0.5, 0.5], [-0.1, -0.1, 0.15, 0.15]),
    "cxcywh": ([0.6, 0.6, 0.3, 0.3], [0.2, 0.2, 0.15, 0.15]),
}
# Of turned ones, whose corner must lie in the image.
SMALL = ([0.1, 0.1, 0.1, 0.1], [0.45, 0.45, 0.15, 0.15])
WORDS = {
    "xyxy": ("left", "top", "right", "bottom"),
    "xywh": ("left", "top", "width", "height"),
    "cxcywh": ("cx", "cy", "width", "height"),
}


def sides(given, unit: str, form: str):
    """What parts of the sides are in the unit of an output."""
    if unit == "relative":
        return np.ones(4)
    width, height = given.size
    return np.array([height, width, height, width] if form == "yxyx" else [width, height, width, height])


def detector(random, unit: str, square: bool = False) -> Plan:
    given = inputs.image(random)
    if square:
        width, height = given.size
        given.options["height"] = width
        given.size = (width, width)
        own, shape = given.feeds["pixel_values"]
        given.feeds["pixel_values"] = (own, [width if side == height else side for side in shape])
    plan = Plan(given, [], {}, {"control": "RectangleLabels"}, "RectangleLabels")
    plan.threshold = float(pick(random, 0.5, 0.3))
    if plan.threshold != 0.5 or random.random() < 0.5:
        plan.control["model_score_threshold"] = plan.threshold
    if random.random() < 0.3:
        plan.overlap = plan.control["iou_threshold"] = 0.4
    if random.random() < 0.3:
        plan.most = plan.control["top_k"] = 2
    if unit == "relative":
        plan.output["unit"] = unit
    elif random.random() < 0.3:
        plan.output["unit"] = "pixels"
    return plan


def logits(name: str):
    def spoil(plan: Plan) -> str:
        plan.output.pop("activation", None)
        plan.output.pop("score_activation", None)
        return renumber(name, "0 to 1", scale=1.0, offset=1.5)(plan)

    return spoil


def scores_of(random, n: int, count: int, plan: Plan, key: str = "activation") -> Tensor:
    """Scores of each label, and what turns numbers into them."""
    activation = pick(random, "none", "softmax", "sigmoid") if count > 1 else pick(random, "none", "sigmoid")
    made = Tensor("scores", (n, count), dtype=dtype_of(random))
    if activation != "none":
        plan.output[key] = activation
        made.raw = True
    elif count > 1 and random.random() < 0.5:
        made.softmax = True
    if count > 2 and random.random() < 0.4:
        plan.output["background"] = NAMES[int(random.integers(count))]
    if random.random() < 0.3:
        plan.output["multi_label"] = True
    return made


def boxes(random) -> Plan:
    unit, form = pick(random, "pixels", "relative"), pick(random, *FORMS)
    angled = random.random() < 0.2
    plan = detector(random, unit, angled)
    n, count = int(random.integers(3, 7)), int(random.integers(1, 5))
    if angled:
        form, plan.overlap = "cxcywh", None
        plan.control.pop("iou_threshold", None)
    scale, offset = SMALL if angled else FORMS[form]
    size = sides(plan.input, unit, form)
    plan.tensors = [Tensor("boxes", (n, 4), size * scale, size * offset, dtype=dtype_of(random))]
    plan.output |= {
        "kind": "boxes",
        "labels": NAMES[:count],
        "tensors": {"boxes": "boxes", "scores": "scores"},
    }
    if form != "xyxy" or random.random() < 0.3:
        plan.output["format"] = form
    plan.faults = general("boxes")
    if angled:
        plan.tensors.append(Tensor("angles", (n,), 1.2, 0.1))
        plan.output["tensors"]["angles"] = "angles"
    if random.random() < 0.5:
        scores = Tensor("scores", (n,), dtype=dtype_of(random))
        if random.random() < 0.4:
            plan.output["activation"], scores.raw = "sigmoid", True
        plan.tensors += [scores, label_numbers("classes", (n,), count, random)]
        plan.output["tensors"]["labels"] = "classes"
        plan.faults |= {
            "softmax beside labels": declare("softmax", activation="softmax"),
            "several labels beside labels": declare("multi_label", multi_label=True),
            "labels of fewer things": reshape("classes", 0, -1, "labels of"),
            "a label beyond the last": renumber(
                "classes", f"label {count} of {count}", scale=0.0, offset=float(count)
            ),
            "scores of each label beside labels": lambda plan: (
                setattr(plan.tensor("scores"), "shape", (n, 3)),
                "scores",
            )[1],
        }
        plan.faults["a label beyond the last"] = renumber(
            "classes", r"the label \d+ of", scale=0.9, offset=float(count)
        )
    else:
        plan.tensors.append(scores_of(random, n, count, plan))
        plan.faults |= {
            "a label more": relabel("scores of", 1),
            "scores of one more thing": reshape("scores", 0, 1, "scores of"),
        }
        if count == 1:
            plan.faults["softmax of one label"] = declare("softmax", activation="softmax")
    plan.faults |= {
        "five numbers a box": lambda plan: (
            plan.tensor("boxes").__dict__.update(shape=(n, 5), scale=1.0, offset=0.0),
            "boxes of",
        )[1],
        "boxes of fewer things": reshape("boxes", 0, -1, "(scores|labels|angles).* of"),
        "logits": logits("scores"),
        "a background that is no label": declare("background", background="sky"),
    }
    return plan


def columns(random, plan: Plan, form: str, unit: str, words: list, count: int):
    """Scale, offset, which are whole and which are logits of the columns of rows of detections."""
    size = sides(plan.input, unit, form)
    scale, offset = SMALL if "angle" in words else FORMS[form]
    place = dict(zip(WORDS[form], zip(size * scale, size * offset, strict=False), strict=False))
    made = []
    for word in words:
        if word in place:
            made.append((*place[word], False, False))
        elif word == "class":
            made.append((count * 0.999, 0, True, False))
        elif word == "angle":
            made.append((1.2, 0.1, False, False))
        else:
            made += [(1, 0, False, plan.output.get("activation", "none") != "none")] * (
                count if word == "scores" else 1
            )
    return made


def detections(random) -> Plan:
    unit, form = pick(random, "pixels", "relative"), pick(random, *WORDS)
    angled = form == "cxcywh" and random.random() < 0.4
    plan = detector(random, unit, angled)
    n, count = int(random.integers(3, 7)), int(random.integers(1, 5))
    plan.output |= {"kind": "detections", "tensor": "rows", "labels": NAMES[:count]}
    how = pick(random, "class", "class", "scores", "tensor") if count > 1 else pick(random, "class", "alone")
    words = list(WORDS[form]) + (["scores"] if how == "scores" else ["score"])
    words += ["class"] if how == "class" else []
    words += ["angle"] if angled else []
    if angled:
        plan.overlap = None
        plan.control.pop("iou_threshold", None)
    if random.random() < 0.4:
        words = [words[i] for i in random.permutation(len(words))]
    if how == "scores":
        activation = pick(random, "none", "softmax", "sigmoid")
        if random.random() < 0.3:
            plan.output["multi_label"] = True
    else:
        activation = pick(random, "none", "none", "sigmoid")
    if activation != "none":
        plan.output["activation"] = activation
    if tuple(words) != plan.words or random.random() < 0.5:
        plan.output["columns"] = words
    made = columns(random, plan, form, unit, words, count)
    if random.random() < 0.35:
        made += point_columns(random, plan, unit)
    scale, offset, whole, raw = (np.array(each) for each in zip(*made, strict=False))
    plan.tensors = [Tensor("rows", (n, len(made)), scale, offset, whole, raw, dtype=dtype_of(random))]
    if how == "tensor":
        plan.tensors.append(label_numbers("classes", (n,), count, random))
        plan.output["tensors"] = {"labels": "classes"}
    plan.faults = general("rows") | {
        "a column that is not declared": reshape("rows", 1, 1, "columns that are declared are"),
        "a column fewer": reshape("rows", 1, -1, "columns that are declared are"),
        "columns of no box": declare(
            "do not place a box", columns=["left", "cy", "right", "bottom", "score", "class"]
        ),
        "score twice": declare("either score or scores", columns=[*WORDS[form], "score", "scores"]),
        "a background that is no label": declare("background", background="sky"),
    }
    if how == "class":
        at = words.index("class")

        def beyond(plan: Plan) -> str:
            tensor = plan.tensor("rows")
            tensor.offset = tensor.offset + np.eye(len(made))[at] * count
            return r"the label \d+ of"

        plan.faults["a label beyond the last"] = beyond
        plan.faults["label twice"] = lambda plan: (
            plan.output.update(tensors={"labels": "rows"}),
            "twice which label",
        )[1]
    elif how == "tensor":
        plan.faults["no label"] = lambda plan: (plan.output.pop("tensors"), "do not tell the label")[1]
    if how != "scores":
        at_score = words.index("score")

        def unbounded(plan: Plan) -> str:
            tensor = plan.tensor("rows")
            plan.output.pop("activation", None)
            tensor.raw = False
            tensor.offset = tensor.offset + np.eye(len(made))[at_score] * 1.5
            return "0 to 1"

        plan.faults["logits"] = unbounded
        plan.faults["softmax of one score"] = declare("softmax", activation="softmax")
    return plan


def point_columns(random, plan: Plan, unit: str):
    """Columns of key points, which a control of them shows."""
    names = POINTS[: int(random.integers(1, 4))]
    plan.output["points"] = names
    size = np.ones(2) if unit == "relative" else np.array(plan.input.size)
    one = [(size[0] * 0.9, size[0] * 0.05, False, False), (size[1] * 0.9, size[1] * 0.05, False, False)]
    if random.random() < 0.4:
        plan.output["point_scores"] = False
    else:
        one.append((1, 0, False, False))
    plan.tag = plan.control["control"] = pick(random, "KeyPointLabels", "RectangleLabels")
    return one * len(names)
