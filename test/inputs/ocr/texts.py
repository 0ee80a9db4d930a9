"""Writes lines of text into images, and says where each lies.

stdin:  one JSON object a line:
        {"size": [w, h], "turn": degrees, "lines": [{"at": [x, y], "size": pixels, "text"}]}
stdout: one JSON object a line: {"file": a data URI, "boxes": [[left, top, right, bottom]]}, the boxes as
        they are before the turn.
"""

import base64
import io
import json
import sys

from PIL import Image, ImageDraw, ImageFont

for request in map(json.loads, sys.stdin):
    image = Image.new("RGB", tuple(request["size"]), "white")
    draw = ImageDraw.Draw(image)
    boxes = []
    for line in request["lines"]:
        font = ImageFont.load_default(line["size"])
        draw.text(line["at"], line["text"], font=font, fill="black")
        boxes.append(draw.textbbox(line["at"], line["text"], font=font))
    image = image.rotate(request["turn"], expand=True, fillcolor="white")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    file = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    print(json.dumps({"file": file, "boxes": boxes}))
