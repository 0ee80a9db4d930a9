"""Exports networks of torchvision by torch.onnx, and tells what they find themselves."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from answers import Found, run_lengths
from PIL import Image
from shapes import LABELS, Picture
from torchvision import transforms
from torchvision_nets import NETS, train

# Half of a mask's pixels are surely inside: https://docs.pytorch.org/vision/stable/models.html
_MASK = 0.5
_CLASSIFIED = transforms.Compose(
    [
        transforms.Resize(96),
        transforms.CenterCrop(80),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


def make(case: dict[str, Any], pictures: list[Picture], cache: Path, target: Path) -> list[list[Found]]:
    """Writes the file of a case to `target`, and tells what torchvision finds in each picture."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    weights = cache / f"{case['net']}.pt"
    net = NETS[case["net"]]()
    read = _CLASSIFIED if case["task"] == "classify" else transforms.ToTensor()
    images = [read(Image.open(picture.path).convert("RGB")) for picture in pictures]
    if not weights.exists():
        train(net, case["task"], images, pictures, case["steps"])
        torch.save(net.state_dict(), weights)
    net.load_state_dict(torch.load(weights))
    net.eval()
    example = (images[0][None],) if case["task"] == "classify" else ([images[0]],)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, example, target, **_options(case["export"]))
    with torch.no_grad():
        return [_found(net, case, image) for image in images]


def _options(export: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `torch.onnx.export`, which JSON has axes in as words."""
    axes = export.get("dynamic_axes", {})
    dynamic = {tensor: {int(axis): name for axis, name in names.items()} for tensor, names in axes.items()}
    return {"verbose": False, **export, "dynamic_axes": dynamic or None}


def _found(net: torch.nn.Module, case: dict[str, Any], image: torch.Tensor) -> list[Found]:
    """What a network finds in an image."""
    if case["task"] == "classify":
        scores = torch.softmax(net(image[None])[0], dim=0)
        return [{"label": LABELS[int(scores.argmax())], "score": float(scores.max())}]
    (answer,) = net([image])
    found = []
    for index in range(len(answer["scores"])):
        score = float(answer["scores"][index])
        if score < case["score"]:
            continue
        one: Found = {"label": LABELS[int(answer["labels"][index]) - 1], "score": score}
        if case["task"] == "segment":
            one["mask"] = run_lengths((answer["masks"][index, 0] > _MASK).numpy())
        else:
            one["box"] = answer["boxes"][index].tolist()
        found.append(one)
    return found
