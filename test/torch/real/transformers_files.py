"""Exports models of transformers by its own exporter, and tells what its own pipeline finds in images."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

# Nothing is fetched; this has to be said before the import.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

import onnx
import torch
from answers import Found, run_lengths
from PIL import Image
from shapes import LABELS, Picture
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter
from transformers_nets import NETS, Net, train


def make(case: dict[str, Any], pictures: list[Picture], cache: Path, target: Path) -> list[list[Found]]:
    """Writes the file of a case to `target`, and tells what transformers finds in each picture."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    logging.disable(logging.WARNING)
    net = NETS[case["net"]]()
    weights = cache / f"{case['net']}.pt"
    if not weights.exists():
        train(net, case["task"], pictures, case["steps"])
        torch.save(net.model.state_dict(), weights)
    net.model.load_state_dict(torch.load(weights))
    net.model.eval()
    images = [Image.open(picture.path).convert("RGB") for picture in pictures]
    example = dict(net.processor(images[0], return_tensors="pt"))
    exported = OnnxExporter().export(net.model, example, config=OnnxConfig(**case["export"]))
    with tempfile.TemporaryDirectory() as folder:
        exported.save_pretrained(folder)
        # The numbers lie beside the graph; a version has them in one file.
        onnx.save(onnx.load(Path(folder) / "model.onnx"), target)
    with torch.no_grad():
        return [_found(net, case, image) for image in images]


def _found(net: Net, case: dict[str, Any], image: Image.Image) -> list[Found]:
    """What a model finds in an image, by the functions of its processor."""
    size = (image.height, image.width)
    answer = net.model(**net.processor(image, return_tensors="pt"))
    if case["task"] == "classify":
        scores = torch.softmax(answer.logits[0], dim=0)
        return [{"label": LABELS[int(scores.argmax())], "score": float(scores.max())}]
    if case["task"] == "segment":
        (labels,) = net.processor.post_process_semantic_segmentation(answer, target_sizes=[size])
        masks = [(name, (labels == index + 1).numpy()) for index, name in enumerate(LABELS)]
        return [{"label": name, "mask": run_lengths(mask)} for name, mask in masks if mask.any()]
    (found,) = net.processor.post_process_object_detection(
        answer, threshold=case["score"], target_sizes=[size]
    )
    return [
        {"label": LABELS[int(label)], "score": float(score), "box": box.tolist()}
        for label, score, box in zip(found["labels"], found["scores"], found["boxes"], strict=True)
    ]
