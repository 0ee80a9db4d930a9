"""Reads videos with OpenCV, a file a line: its size, its frame rate and all of its frames as RGB."""

import json
import sys

import cv2

for line in sys.stdin:
    capture = cv2.VideoCapture(json.loads(line))
    frames = []
    while True:
        found, frame = capture.read()
        if not found:
            break
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).ravel().tolist())
    width, height, rate = (
        capture.get(each) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    )
    print(json.dumps({"width": width, "height": height, "rate": rate, "frames": frames}))
