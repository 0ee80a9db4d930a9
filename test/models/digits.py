"""Draws scikit-learn's handwritten digits as people see them: dark ink on light paper, in PNGs."""

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
        image = Image.fromarray(pixels).resize((case["side"], case["side"]), Image.Resampling.NEAREST)
        file = io.BytesIO()
        image.convert(case["mode"]).save(file, "PNG")
        uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        print(json.dumps({"image": uri, "digit": str(digits[index])}))
