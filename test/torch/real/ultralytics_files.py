"""Exports networks of Ultralytics by its own exporter, and tells what its pipeline finds with the files."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

# Nothing is fetched, installed or reported; this has to be said before the import.
os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}

from answers import Found, run_lengths
from shapes import LABELS, POINTS, Picture


def make(case: dict[str, Any], pictures: list[Picture], cache: Path, target: Path) -> list[list[Found]]:
    """Writes the file of a case to `target`, and tells what Ultralytics finds with it in each picture."""
    os.environ["YOLO_CONFIG_DIR"] = str(cache)
    with contextlib.redirect_stdout(sys.stderr):
        from ultralytics import settings
        from ultralytics_nets import SIZE, Net, tool, train

        settings.update({"sync": False, "runs_dir": str(cache), "datasets_dir": str(cache)})
        weights = cache / f"{case['net']}.pt"
        if not weights.exists():
            train(Net(case["net"], case["task"], case.get("steps", Net.steps)), pictures, weights)
        kind = tool(case["net"])
        options = {"format": "onnx", "imgsz": SIZE, "device": "cpu", **case["export"]}
        made = kind(weights).export(**options)
        shutil.move(made, target)
        if case.get("float16"):
            _as_on_a_gpu(target)
        return [_found(kind(target), case, picture) for picture in pictures]


def _as_on_a_gpu(path: Path) -> None:
    """Gives a file inputs and outputs of float16, as an export with `quantize=16` on a GPU has."""
    import onnx
    from onnxruntime.transformers import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(path)), path)


def _found(yolo: Any, case: dict[str, Any], picture: Picture) -> list[Found]:
    """What Ultralytics finds in an image file."""
    options = {
        "conf": case.get("score", 0),
        "imgsz": 160,
        "retina_masks": True,
        "verbose": False,
        "save": False,
    }
    (result,) = yolo.predict(picture.path, **{**options, **case.get("predict", {})})
    if case["task"] == "classify":
        best = int(result.probs.top1)
        return [{"label": LABELS[best], "score": float(result.probs.data[best])}]
    boxes = result.obb if case["task"] == "obb" else result.boxes
    found = []
    for index in range(len(boxes)):
        one: Found = {"label": LABELS[int(boxes.cls[index])], "score": float(boxes.conf[index])}
        if case["task"] == "obb":
            one["corners"] = boxes.xyxyxyxy[index].tolist()
        elif case["task"] == "segment":
            one["mask"] = run_lengths(result.masks.data[index].numpy().astype(bool))
        else:
            one["box"] = boxes.xyxy[index].tolist()
        if case["task"] == "pose":
            points = result.keypoints.data[index].tolist()
            one["points"] = dict(zip(POINTS, points, strict=True))
        found.append(one)
    return found
