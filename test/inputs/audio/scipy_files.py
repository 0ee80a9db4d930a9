"""Writes WAV files with scipy.io.wavfile, and says what it reads of them.

stdin:  one JSON list a line: [folder, dtype]
stdout: one JSON object a line: {"path", "channels"}
"""

import json
import sys

import numpy as np
from scipy.io import wavfile

t = np.arange(4001) / 8000
TONES = np.stack([0.6 * np.sin(2 * np.pi * 440 * t), 0.3 * np.sin(2 * np.pi * 880 * t)], 1)
WHOLE = {"i2": 2**15, "i4": 2**31}

for line in sys.stdin:
    folder, dtype = json.loads(line)
    tones = TONES
    if dtype == "u1":
        tones = np.clip(tones * 128 + 128, 0, 255)
    elif dtype in WHOLE:
        tones = tones * (WHOLE[dtype] - 1)
    path = f"{folder}/{dtype}.wav"
    wavfile.write(path, 8000, tones.astype(dtype))
    _, read = wavfile.read(path)
    read = read.astype("f8")
    if dtype == "u1":
        read = (read - 128) / 128
    elif dtype in WHOLE:
        read = read / WHOLE[dtype]
    print(json.dumps({"path": path, "channels": read.astype("f4").T.tolist()}))
