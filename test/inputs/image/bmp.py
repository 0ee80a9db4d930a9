"""Writes and reads BMP files with other libraries.

stdin:  one JSON object a line: {"file": base64}, or {"mode": Pillow's mode, "size": [w, h]} for a file
        that Pillow writes
stdout: one JSON object a line: {"file", "size", "pillow", "opencv"}: the file and its pixels in base64,
        red first; null where the library cannot read it
"""

import base64
import io
import json
import sys

import cv2
import numpy as np
from PIL import Image


def written(mode: str, size: list[int]) -> bytes:
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    channels = np.stack([x * 37 % 256, y * 53 % 256, (x + y) * 29 % 256], axis=-1).astype(np.uint8)
    image = Image.fromarray(channels).convert(mode)
    file = io.BytesIO()
    image.save(file, "BMP")
    return file.getvalue()


def pillow(file: bytes) -> np.ndarray | None:
    try:
        return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
    except Exception:
        return None


def opencv(file: bytes) -> np.ndarray | None:
    try:
        image = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else image[..., ::-1]


def encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


for request in map(json.loads, sys.stdin):
    file = (
        base64.b64decode(request["file"]) if "file" in request else written(request["mode"], request["size"])
    )
    read = {"pillow": pillow(file), "opencv": opencv(file)}
    sizes = [pixels.shape[1::-1] for pixels in read.values() if pixels is not None]
    pixels = {name: encoded(None if each is None else each.tobytes()) for name, each in read.items()}
    print(json.dumps({"file": encoded(file), "size": sizes[0] if sizes else None, **pixels}))
