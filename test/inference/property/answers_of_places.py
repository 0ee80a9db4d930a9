"""The same for key points and the pixels of things."""

import numpy as np
from answers import NEAR, Close, Wrong, activated, apart, chosen, labelled, largest, points, probable, told


def keypoints(spec, outputs, plan):
    numbers = outputs[spec["tensors"]["points"]]
    spec = {**spec, "point_scores": numbers.shape[-1] == 3}
    objects = numbers if numbers.ndim == 3 else numbers[None]
    if "scores" not in spec["tensors"]:
        return points(spec, [(each, None) for each in objects], spec["labels"], plan)
    scores = probable(activated(outputs[spec["tensors"]["scores"]].reshape(-1), spec.get("activation")))
    sure = [
        (each, float(score))
        for each, score in zip(objects, scores, strict=False)
        if apart(score, plan.threshold)
    ]
    return points(spec, sure, spec["labels"], plan)


def heatmaps(spec, outputs, plan):
    found = []
    for name, each in zip(
        spec["labels"], activated(outputs[spec["tensor"]], spec.get("activation")), strict=False
    ):
        if np.any(np.isnan(each)):
            raise Wrong
        best = largest(each.reshape(-1))
        y, x = divmod(best, each.shape[1])
        score = float(np.clip(each[y, x], 0, 1))
        if apart(score, plan.threshold):
            place = [100 * (x + 0.5) / each.shape[1], 100 * (y + 0.5) / each.shape[0]]
            found.append({"label": name, "score": score, "place": place})
    return told(found)


def mask(label, score, pixels, plan):
    """The pixels of the original, which is a whole number of times as large as the tensor."""
    large = pixels.repeat(plan.input.times, 0).repeat(plan.input.times, 1)
    bits = "".join("1" if each else "0" for each in large.reshape(-1))
    return {"label": label, "score": None if score is None else float(score), "bits": bits}


def segmentation(spec, outputs, plan):
    y, labels = outputs[spec["tensor"]].astype(np.float64), spec["labels"]
    if y.ndim == 2:
        if not np.isin(y, range(len(labels))).all():
            raise Wrong
        found = [(None, y == i) for i in range(len(labels))]
    else:
        y = np.moveaxis(y, -1, 0) if spec.get("transposed") else y
        scores = np.moveaxis(activated(np.moveaxis(y, 0, -1), spec.get("activation")), -1, 0)
        if np.any(np.isnan(scores)):
            raise Wrong
        if spec.get("independent") or len(labels) == 1:
            pixels = apart(scores, 0.5)
        else:
            order = np.sort(scores, 0)
            if np.any(order[-1] - order[-2] < NEAR):
                raise Close
            pixels = scores.argmax(0) == np.arange(len(labels))[:, None, None]
        found = [(own[at].mean() if at.any() else 0, at) for own, at in zip(scores, pixels, strict=False)]
    found = [
        (label, *each) for label, each in zip(labels, found, strict=False) if label != spec.get("background")
    ]
    return told([mask(label, score, at, plan) for label, score, at in found if at.any()])


def masks(spec, outputs, plan):
    part = {name: outputs[tensor] for name, tensor in spec["tensors"].items()}
    own = {**spec, "activation": spec.get("score_activation")}
    if "labels" in part:
        found = chosen(own, part["scores"], part["labels"], plan)
    else:
        found = labelled(own, part["scores"].reshape(len(part["scores"]), -1), plan)
    found = sorted(found, key=lambda each: -each[2])
    if any(np.isnan(part["masks"][i]).any() for i, _, _ in found):
        raise Wrong
    pixels = [apart(activated(part["masks"][i], spec.get("activation")), 0.5) for i, _, _ in found]
    all_told = [
        mask(spec["labels"][label], score, at, plan)
        for (_, label, score), at in zip(found, pixels, strict=False)
        if at.any()
    ]
    return told(all_told)
