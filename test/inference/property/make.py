"""Makes random models, and says what they answer.

stdin:  one JSON line: {"seed", "count"}
stdout: one JSON line for each model:
        {"name", "family", "batching", "fault": null or what is wrong, "says": a pattern of the reason,
         "sometimes": whether only some tasks show what is wrong,
         "graph": base64, "files", "input", "output", "control", "config", "tasks": [what each shows],
         "answers": [one for each task, see answers.py; null: the task fails]}
"""

import base64
import json
import sys

import answers
import answers_of_places as places
import heads
import numpy as np
import onnxruntime as ort
import pixels
import plans
import things
from answers import Close, Wrong
from graph import Graph, only_first, output, serialized

import inputs

KINDS = {
    "probabilities": answers.classes,
    "scores": answers.classes,
    "value": answers.value,
    "boxes": answers.boxes,
    "detections": answers.detections,
    "yolo": answers.yolo,
    "keypoints": places.keypoints,
    "heatmaps": places.heatmaps,
    "segmentation": places.segmentation,
    "masks": places.masks,
}
FAMILIES = {
    "classes": (plans.classes, 6),
    "value": (plans.value, 1),
    "boxes": (things.boxes, 3),
    "detections": (things.detections, 4),
    "yolo": (heads.yolo, 3),
    "keypoints": (heads.keypoints, 2),
    "heatmaps": (heads.heatmaps, 1),
    "segmentation": (pixels.segmentation, 2),
    "masks": (pixels.masks, 2),
}
BATCHINGS = ["any", "any", "any", "1", "4", "first", "same", "zeros", "one image"]
TASKS = 3
TRIES = 60
# How many of the models have something wrong.
WRONG = 0.5


def graph_of(plan: plans.Plan, random) -> bytes:
    graph = Graph()
    rows = {"1": 1, "4": 4, "one image": None}.get(plan.batching, "rows")
    features = inputs.features(graph, plan.input, inputs.declare(graph, plan.input, rows), random)
    if plan.input.options["kind"] == "text":
        features = graph.add("Mul", features, np.float32(0.25))
    if plan.batching in ("first", "same", "zeros"):
        features = only_first(graph, features, plan.batching)
    # A graph for one image may have an axis of images in what it answers, or not.
    has_rows = (
        rows is not None
        or bool(random.random() < 0.3)
        or any(each.shape == () or each.ones or each.fault == "more rows" for each in plan.tensors)
    )
    made = [output(graph, each, features, plan.input.width, random, has_rows) for each in plan.tensors]
    return serialized(graph, made)


def outputs_of(session: ort.InferenceSession, plan: plans.Plan, feeds: dict) -> dict:
    """What ONNX Runtime gives for a task, without rows."""
    own = {}
    for each in session.get_inputs():
        kind = plan.input.feeds[each.name][0]
        row = (
            feeds[each.name].astype(np.float32).astype(kind)
            if "float" in kind
            else feeds[each.name].astype(kind)
        )
        own[each.name] = (
            row if plan.batching == "one image" else np.stack([row] * (4 if plan.batching == "4" else 1))
        )
    given = dict(zip([each.name for each in session.get_outputs()], session.run(None, own), strict=False))
    ranks = {each.name: len(each.shape) + 1 + len(each.ones) for each in plan.tensors}
    rows = {name: array[0] if array.ndim == ranks[name] else array for name, array in given.items()}
    return {
        each.name: rows[each.name].reshape(
            each.shape if each.order is None else [each.shape[axis - 1] for axis in each.order[1:]]
        )
        for each in plan.tensors
    }


def answer(session, plan: plans.Plan, feeds: dict):
    try:
        return KINDS[plan.output["kind"]](plan.output, outputs_of(session, plan, feeds), plan)
    except Wrong:
        return None


def config_of(plan: plans.Plan) -> str:
    tag = "Choice" if plan.tag == "Choices" else "Label"
    names = plan.output.get("points", []) if plan.tag == "KeyPointLabels" else []
    names = [*plan.output.get("labels", []), *names]
    labels = (
        "".join(f'<{tag} value="{name}"/>' for name in dict.fromkeys(names)) if plan.tag != "Number" else ""
    )
    mode = f' choice="{plan.control["choice"]}"' if "choice" in plan.control else ""
    shown = f'<{plan.input.tag} name="object" value="$shown"/>'
    return f'<View>{shown}<{plan.tag} name="out" toName="object"{mode}>{labels}</{plan.tag}></View>'


def model(name: str, random) -> dict | None:
    """A model; none when its answers hang on a last digit."""
    families = [family for family, (_, share) in FAMILIES.items() for _ in range(share)]
    family = plans.pick(random, *families)
    plan = FAMILIES[family][0](random)
    plan.batching = plans.pick(random, *BATCHINGS)
    if plan.batching == "one image" and plan.input.tag == "Text":
        plan.batching = "any"
    if random.random() < WRONG:
        plan.fault = plans.pick(random, *plan.faults)
        plan.says = plan.faults[plan.fault](plan)
    data = graph_of(plan, random)
    tasks, answers = [], []
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(data, options) if plan.fault is None or plan.sometimes else None
    for _ in range(TRIES):
        shown, feeds = inputs.task(plan.input, random)
        try:
            told = None if session is None else answer(session, plan, feeds)
        except Close:
            continue
        tasks.append(shown)
        answers.append(told)
        if len(tasks) == TASKS:
            break
    else:
        return None
    return {
        **{"name": name, "family": family, "batching": plan.batching, "fault": plan.fault, "says": plan.says},
        **{"sometimes": plan.sometimes, "graph": base64.b64encode(data).decode(), "files": plan.input.files},
        **{"input": plan.input.options, "output": plan.output, "control": plan.control},
        **{"config": config_of(plan), "tasks": tasks, "answers": answers},
    }


for line in sys.stdin:
    asked = json.loads(line)
    made = 0
    attempt = 0
    while made < asked["count"]:
        one = model(f"model-{made}", np.random.default_rng([asked["seed"], attempt]))
        attempt += 1
        if one is not None:
            made += 1
            print(json.dumps(one))
