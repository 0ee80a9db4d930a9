"""PaddleOCR's boxes of a detector's map, restated with OpenCV.

https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/ppocr/postprocess/db_postprocess.py

stdin:  one JSON object a line: {"seed": number, "size": [w, h]}
stdout: one JSON object a line: {"map": base64 of float32, "boxes": [[[x, y] * 4]], "scores"}
"""

import base64
import json
import sys

import cv2
import numpy as np

THRESHOLD, BOX_THRESHOLD, RATIO, LEAST = 0.3, 0.6, 1.5, 3


def drawn(seed: int, width: int, height: int) -> np.ndarray:
    """A map of soft, turned bars of several certainties, and noise."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0, 0.2, (height, width)).astype(np.float32)
    for _ in range(14):
        middle = random.uniform([0, 0], [width, height])
        sides = random.uniform([4, 2], [width / 3, 16])
        angle = random.choice([0, 0, 90, random.uniform(-60, 60)])
        corners = cv2.boxPoints((middle, sides, float(angle))).astype(np.int32)
        bar = np.zeros_like(scores)
        cv2.fillPoly(bar, [corners], float(random.uniform(0.5, 1)))
        scores = np.maximum(scores, bar * random.uniform(0.85, 1, scores.shape).astype(np.float32))
    return np.clip(cv2.GaussianBlur(scores, (0, 0), random.uniform(0.3, 1.2)), 0, 1)


def grown(corners: np.ndarray) -> np.ndarray:
    """Clipper's offset with round joins: the points at a distance from what is convex."""
    around = corners.astype(np.float32)
    distance = cv2.contourArea(around) * RATIO / cv2.arcLength(around, True)
    circle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    steps = distance * np.stack([np.cos(circle), np.sin(circle)], axis=-1)
    return (corners[:, None] + steps[None]).reshape(-1, 1, 2).astype(np.float32)


def score(scores: np.ndarray, corners: np.ndarray) -> float:
    height, width = scores.shape
    left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int), 0, [width - 1, height - 1])
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, (corners - [left, top]).reshape(1, -1, 2).astype(np.int32), 1)
    return cv2.mean(scores[top : bottom + 1, left : right + 1], mask)[0]


def boxes_of(scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    text = (scores > THRESHOLD).astype(np.uint8) * 255
    contours, levels = cv2.findContours(text, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour, (_, _, _, parent) in zip(contours, [] if levels is None else levels[0], strict=True):
        box = cv2.minAreaRect(contour)
        # Those with a parent are holes.
        if parent >= 0 or min(box[1]) < LEAST:
            continue
        corners = cv2.boxPoints(box)
        mean = score(scores, corners)
        large = cv2.minAreaRect(grown(corners))
        if mean >= BOX_THRESHOLD and min(large[1]) >= LEAST + 2:
            found.append((cv2.boxPoints(large), mean))
    return found


for request in map(json.loads, sys.stdin):
    scores = drawn(request["seed"], *request["size"])
    found = boxes_of(scores)
    print(
        json.dumps(
            {
                "map": base64.b64encode(scores.tobytes()).decode(),
                "boxes": [box.tolist() for box, _ in found],
                "scores": [mean for _, mean in found],
            }
        )
    )
