"""What a model says by its version.json: a few lines of NumPy for each kind of output.

Nothing here is taken from the server. A task whose answer hangs on a last digit is `Close`, and
another one is made.
"""

import math
from itertools import pairwise

import numpy as np

NEAR = 2e-3


class Close(Exception):
    """The answer would change with rounding."""


class Wrong(Exception):
    """The model's numbers are no answer."""


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def activated(numbers, activation):
    numbers = np.asarray(numbers, np.float64)
    return {"sigmoid": sigmoid, "softmax": softmax}.get(activation, lambda x: x)(numbers)


def apart(values, limit):
    """The values that are above a limit, none of them near to it."""
    if np.any(np.abs(np.asarray(values) - limit) < NEAR):
        raise Close
    return np.asarray(values) > limit


def probable(values):
    """Checks probabilities."""
    values = np.asarray(values)
    if np.any(np.isnan(values)) or np.any(values < -1e-3) or np.any(values > 1 + 1e-3):
        if not np.any((values < -2e-3) | (values > 1 + 2e-3) | np.isnan(values)):
            raise Close
        raise Wrong
    return np.clip(values, 0, 1)


def largest(values):
    """The index of the largest value, no other one being near."""
    order = np.sort(values)
    if len(order) > 1 and order[-1] - order[-2] < NEAR:
        raise Close
    return int(np.argmax(values))


def classes(spec, outputs, _plan):
    labels, rule = spec["labels"], spec.get("decision", {"rule": "argmax"})
    y = activated(outputs[spec["tensor"]].reshape(-1), spec.get("activation"))
    is_probable = spec["kind"] == "probabilities"
    if np.any(np.isnan(y)):
        raise Wrong
    y = probable(y) if is_probable else y
    if len(y) == 1 and len(labels) == 2:
        y = np.array([1 - y[0] if is_probable else -y[0], y[0]])
    names, y = joined(labels, y, spec, is_probable, len(outputs[spec["tensor"]].reshape(-1)))
    if rule["rule"] == "threshold":
        chosen = apart(y, rule["threshold"])
        own = [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen]
        return {"labels": own, "score": float(np.where(chosen, y, 1 - y).min()) if is_probable else None}
    if rule["rule"] == "argmax":
        best = largest(y)
    else:
        said = float(outputs[rule["tensor"]].reshape(-1)[0])
        if said not in range(len(labels)):
            raise Wrong
        best = names.index(labels[int(said)])
    return {"labels": [names[best]], "score": float(y[best]) if is_probable else None}


def joined(labels, y, spec, is_probable, columns):
    """Labels that repeat are one class: exclusive probabilities add up, else the largest counts."""
    activation = spec.get("activation")
    if spec.get("decision", {}).get("rule") == "threshold":
        is_exclusive = activation == "softmax"
    else:
        is_exclusive = not (activation == "sigmoid" and columns == len(labels))
    names = list(dict.fromkeys(labels))
    parts = [y[[own == name for own in labels]] for name in names]
    if is_probable and is_exclusive:
        return names, np.array([min(part.sum(), 1.0) for part in parts])
    return names, np.array([part.max() for part in parts])


def value(spec, outputs, _plan):
    number = float(outputs[spec["tensor"]].reshape(-1)[0])
    if not math.isfinite(number):
        raise Wrong
    return {"number": number}


def corners(form, box):
    """Left, top, right and bottom of boxes."""
    a, b, c, d = np.moveaxis(np.asarray(box, np.float64), -1, 0)
    return {
        "xyxy": lambda: (a, b, c, d),
        "yxyx": lambda: (b, a, d, c),
        "xywh": lambda: (a, b, a + c, b + d),
        "cxcywh": lambda: (a - c / 2, b - d / 2, a + c / 2, b + d / 2),
    }[form]()


def labelled(spec, numbers, plan):
    """Each candidate and label that scores enough: index, label, score; given a number of each label."""
    scores = activated(numbers, spec.get("activation"))
    probable(scores)
    free = [i for i, name in enumerate(spec["labels"]) if name != spec.get("background")]
    found = []
    for index, row in enumerate(scores):
        own = free if spec.get("multi_label") else [free[largest(row[free])]] if free else []
        found += [(index, label, row[label]) for label in own if apart(row[label], plan.threshold)]
    return found


def chosen(spec, scores, labels, plan):
    """The same, given one score and the number of a label for each candidate."""
    scores = probable(activated(scores, spec.get("activation")))
    found = []
    for index, (score, label) in enumerate(zip(scores, labels, strict=False)):
        own = label in range(len(spec["labels"])) and spec["labels"][int(label)] == spec.get("background")
        if own or not apart(score, plan.threshold):
            continue
        if label not in range(len(spec["labels"])):
            raise Wrong
        found.append((index, int(label), score))
    return found


def overlap(a, b):
    """Intersection over union."""
    left, top, right, bottom = *np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])
    shared = max(right - left, 0) * max(bottom - top, 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])  # noqa: E731
    return shared / (area(a) + area(b) - shared)


def shown(spec, found, box, plan, angles=None):
    """The candidates that are shown, the surest first: index, label, score, box in pixels, angle."""
    box = np.stack(box, -1) * (np.tile(plan.input.size, 2) if spec.get("unit") == "relative" else 1)
    found = sorted(found, key=lambda each: -each[2])
    if len(found) > 1 and min(a[2] - b[2] for a, b in pairwise(found)) < 1e-5:
        raise Close
    kept = []
    for index, label, score in found:
        if np.any(np.isnan(box[index])):
            raise Wrong
        same = [overlap(box[index], box[i]) for i, other, _ in kept if other == label]
        if plan.overlap is None or not np.any(apart(same, plan.overlap)):
            kept.append((index, label, score))
    return [
        (i, label, score, box[i], 0 if angles is None else angles[i]) for i, label, score in kept[: plan.most]
    ]


def region(spec, label, score, box, angle, plan):
    """A rectangle in percents; a turned one by its corner."""
    width, height = plan.input.size
    left, top, right, bottom = box
    if angle:
        x, y, w, h = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        left = x - w / 2 * math.cos(angle) + h / 2 * math.sin(angle)
        top = y - w / 2 * math.sin(angle) - h / 2 * math.cos(angle)
        if not (0 < left < width and 0 < top < height):
            raise Close
        right, bottom = left + w, top + h
    else:
        left, right = np.clip([left, right], 0, width)
        top, bottom = np.clip([top, bottom], 0, height)
    place = [left / width, top / height, (right - left) / width, (bottom - top) / height]
    return {
        "label": spec["labels"][label],
        "score": float(score),
        "place": [100 * float(each) for each in place] + [math.degrees(angle)],
    }


def regions(spec, kept, plan):
    return told([region(spec, label, score, box, angle, plan) for _, label, score, box, angle in kept])


def told(found):
    scores = [each["score"] for each in found if each["score"] is not None]
    return {"regions": found, "score": min(scores) if scores else None}


def boxes(spec, outputs, plan):
    part = {name: outputs[tensor] for name, tensor in spec["tensors"].items()}
    scores = part["scores"]
    if "labels" in part:
        found = chosen(spec, scores, part["labels"], plan)
    else:
        found = labelled(spec, scores.reshape(len(scores), -1), plan)
    box = corners(spec.get("format", "xyxy"), part["boxes"])
    return regions(spec, shown(spec, found, box, plan, part.get("angles")), plan)


def points(spec, objects, names, plan):
    """Key points of objects, given the numbers of each object and its score."""
    size = 2 if spec.get("point_scores") is False else 3
    found = []
    for numbers, score in objects:
        for name, each in zip(names, np.reshape(numbers, (-1, size)), strict=False):
            own = (
                float(
                    probable(
                        activated(each[2], spec.get("activation") if spec["kind"] == "keypoints" else None)
                    )
                )
                if size == 3
                else score
            )
            if own is not None and not apart(own, plan.threshold):
                continue
            unit = plan.input.size if spec.get("unit") == "relative" else (1, 1)
            if np.any(np.isnan(each)):
                raise Wrong
            place = [
                100 * float(at) * own / side
                for at, own, side in zip(each, unit, plan.input.size, strict=False)
            ]
            found.append({"label": name, "score": None if own is None else float(own), "place": place})
    return told(found)


def detections(spec, outputs, plan):
    rows, words = outputs[spec["tensor"]], spec.get("columns") or plan.words
    at = {}
    for word in words:
        at[word] = sum(len(spec["labels"]) if other == "scores" else 1 for other in at)
    if "scores" in at:
        found = labelled(spec, rows[:, at["scores"] : at["scores"] + len(spec["labels"])], plan)
    else:
        label = rows[:, at["class"]] if "class" in at else np.zeros(len(rows))
        label = outputs[spec["tensors"]["labels"]] if "labels" in spec.get("tensors", {}) else label
        found = chosen(spec, rows[:, at["score"]], label, plan)
    form = "xyxy" if "right" in at else "cxcywh" if "cx" in at else "xywh"
    names = {"xyxy": "left top right bottom", "cxcywh": "cx cy width height", "xywh": "left top width height"}
    box = corners(form, rows[:, [at[word] for word in names[form].split()]])
    kept = shown(spec, found, box, plan, rows[:, at["angle"]] if "angle" in at else None)
    if "points" not in spec or plan.tag != "KeyPointLabels":
        return regions(spec, kept, plan)
    first = rows.shape[1] - len(spec["points"]) * (2 if spec.get("point_scores") is False else 3)
    return points(spec, [(rows[i, first:], score) for i, _, score, _, _ in kept], spec["points"], plan)


def yolo(spec, outputs, plan):
    rows = outputs[spec["tensor"]].astype(np.float64)
    rows = rows if plan.transposed else rows.T
    first = 5 if spec.get("objectness") else 4
    count = len(spec["labels"])
    scores = activated(rows[:, first : first + count], spec.get("activation"))
    if spec.get("objectness"):
        scores = scores * activated(rows[:, 4:5], spec.get("activation"))
    found = labelled({**spec, "activation": "none"}, scores, plan)
    kept = shown(spec, found, corners("cxcywh", rows[:, :4]), plan)
    if plan.tag != "KeyPointLabels":
        return regions(spec, kept, plan)
    behind = first + count
    return points(spec, [(rows[i, behind:], score) for i, _, score, _, _ in kept], spec["points"], plan)
