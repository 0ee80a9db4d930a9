"""Photos, and what Pillow or OpenCV scales them to.

Reads a line `{"folder", "cases": [{"picture", "width", "height", "kernel", "grey"}]}`, writes the pixels of
each picture and each case into the folder, and prints for each case the files' names and the picture's size.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

# Not imported, which takes seconds.
PHOTOS = Path(find_spec("sklearn").origin).parent / "datasets" / "images"
KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def picture(name: str) -> np.ndarray:
    if name == "noise":
        return np.random.default_rng(1).integers(0, 256, (97, 131, 3), dtype=np.uint8)
    if name == "tall":
        return np.random.default_rng(3).integers(0, 256, (391, 103, 3), dtype=np.uint8)
    if name == "line":
        return np.random.default_rng(2).integers(0, 256, (1, 5, 3), dtype=np.uint8)
    if name != "large":
        return np.asarray(Image.open(PHOTOS / f"{name}.jpg").convert("RGB"))
    enlarged = Image.open(PHOTOS / "china.jpg").resize((2560, 1708), Image.Resampling.LANCZOS)
    grain = np.random.default_rng(0).normal(0, 10, (1708, 2560, 1)).round().astype(int)
    return (np.asarray(enlarged).astype(int) + grain).clip(0, 255).astype(np.uint8)


def scaled(pixels: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    if kernel == "opencv-linear":
        return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(Image.fromarray(pixels).resize(size, KERNELS[kernel]))


for line in sys.stdin:
    asked = json.loads(line)
    folder = Path(asked["folder"])
    pictures = {name: picture(name) for name in {case["picture"] for case in asked["cases"]}}
    for index, case in enumerate(asked["cases"]):
        pixels = pictures[case["picture"]]
        if case["grey"]:
            pixels = np.ascontiguousarray(pixels[:, :, 1])
        source = f"{case['picture']}-{case['grey']}.raw"
        pixels.tofile(folder / source)
        scaled(pixels, (case["width"], case["height"]), case["kernel"]).tofile(folder / f"{index}.raw")
        height, width = pixels.shape[:2]
        print(json.dumps({"source": source, "width": width, "height": height, "scaled": f"{index}.raw"}))
