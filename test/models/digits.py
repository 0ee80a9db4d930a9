"""Draws scikit-learn's handwritten digits as people see them: dark ink on light paper, in PNGs.

With `enlarged` they are drawn smaller than they were learnt, and then enlarged by Pillow.
"""

import base64
import io
import json
import sys

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

for line in sys.stdin:
    case = json.loads(line)
    inks, digits = load_digits(return_X_y=True)
    for index in range(0, len(inks), case["every"]):
        pixels = (255 - inks[index].reshape(8, 8) * 255 / 16).round().astype(np.uint8)
        small = case["side"] < pixels.shape[0]
        scaled = Image.Resampling.BILINEAR if small else Image.Resampling.NEAREST
        image = Image.fromarray(pixels).resize((case["side"], case["side"]), scaled)
        if case.get("enlarged"):
            image = image.resize(pixels.shape, Image.Resampling.BILINEAR)
        file = io.BytesIO()
        image.convert(case["mode"]).save(file, "PNG")
        uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        print(json.dumps({"image": uri, "digit": str(digits[index])}))
