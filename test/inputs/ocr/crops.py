"""Lines cut out of a picture as PaddleOCR does it.

https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/tools/infer/utility.py (`get_rotate_crop_image`)

stdin:  one JSON object a line: {"corners": [[x, y] * 4], clockwise from the top left}
stdout: one JSON object a line: {"picture", "crop"}, each {"data": base64, "width", "height"}
"""

import base64
import json
import sys

import cv2
import numpy as np


def encoded(pixels: np.ndarray) -> dict:
    height, width = pixels.shape[:2]
    return {"data": base64.b64encode(pixels.tobytes()).decode(), "width": width, "height": height}


y, x = np.mgrid[0:120, 0:160].astype(np.float64)
waves = [np.sin(x / 3 + y / 7), np.cos(x / 5 - y / 4), np.sin(x * y / 400)]
picture = np.stack([127.5 + 127.5 * wave for wave in waves], axis=-1).round().astype(np.uint8)

for request in map(json.loads, sys.stdin):
    corners = np.float32(request["corners"])
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))
    there = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(corners, there)
    crop = cv2.warpPerspective(
        picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    if crop.shape[0] / crop.shape[1] >= 1.5:
        crop = np.ascontiguousarray(np.rot90(crop))
    print(json.dumps({"picture": encoded(picture), "crop": encoded(crop)}))
