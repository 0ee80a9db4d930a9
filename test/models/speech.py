"""What the speech model says of recordings, computed by a plain loop over ONNX Runtime.

stdin:  one JSON object a line: {"graph": path, "samples": numbers at 16 kHz}
stdout: one JSON list a line: the probability of speech in each 512 samples.
"""

import json
import sys

import numpy as np
import onnxruntime

CHUNK, CONTEXT = 512, 64

for line in sys.stdin:
    task = json.loads(line)
    session = onnxruntime.InferenceSession(task["graph"], providers=["CPUExecutionProvider"])
    samples = np.array(task["samples"], dtype=np.float32)
    samples = np.pad(samples, (CONTEXT, -len(samples) % CHUNK))
    state = np.zeros((2, 1, 128), dtype=np.float32)
    heard = []
    for begin in range(0, len(samples) - CONTEXT, CHUNK):
        chunk = samples[None, begin : begin + CONTEXT + CHUNK]
        feeds = {"input": chunk, "state": state, "sr": np.array(16_000)}
        probability, state = session.run(None, feeds)
        heard.append(float(probability[0, 0]))
    print(json.dumps(heard))
