"""Synthesises recordings in which somebody says vowels: for each line of JSON a WAV file and where the speech is.

The vowels are pulses of the vocal folds through resonances of the vocal tract (formants after Peterson and Barney, 1952),
with noise between them for the consonants.
"""

import base64
import io
import json
import sys
import wave

import numpy as np
from scipy.signal import lfilter, resample_poly

RATE = 16_000
VOWELS = [
    [(730, 90), (1090, 110), (2440, 170)],
    [(270, 60), (2290, 100), (3010, 170)],
    [(300, 60), (870, 90), (2240, 170)],
    [(530, 70), (1840, 100), (2480, 170)],
    [(570, 80), (840, 90), (2410, 170)],
]


def vowel(seconds, pitch, formants, rng):
    time = np.arange(int(seconds * RATE)) / RATE
    hz = pitch * (1 + 0.05 * np.sin(2 * np.pi * 5 * time) - 0.15 * time / seconds)
    pulses = np.diff(np.floor(np.cumsum(hz / RATE)), prepend=0)
    sound = lfilter([1], [1, -0.95], pulses) + 0.003 * rng.normal(size=time.size)
    for formant, width in formants:
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius * radius]
        sound = lfilter([sum(poles)], poles, sound)
    sound = sound * np.minimum(1, np.minimum(time / 0.03, (seconds - time) / 0.05))
    return sound / np.abs(sound).max()


def speech(seconds, rng):
    parts = []
    while sum(map(len, parts)) < seconds * RATE:
        formants = VOWELS[rng.integers(len(VOWELS))]
        parts.append(
            vowel(rng.uniform(0.09, 0.2), rng.uniform(105, 140), formants, rng) * rng.uniform(0.6, 1)
        )
        parts.append(lfilter([1, -0.9], [1], rng.normal(size=int(rng.uniform(0.03, 0.06) * RATE))) * 0.08)
    return np.concatenate(parts)[: int(seconds * RATE)]


for line in sys.stdin:
    case = json.loads(line)
    rng = np.random.default_rng(case["seed"])
    sound, spans = [], []
    for index, seconds in enumerate(case["parts"]):
        begin = sum(map(len, sound)) / RATE
        # Silence and speech take turns.
        sound.append(speech(seconds, rng) * 0.4 if index % 2 else np.zeros(int(seconds * RATE)))
        if index % 2:
            spans.append([begin, begin + seconds])
    samples = np.concatenate(sound)
    samples = samples + 0.0005 * rng.normal(size=samples.size)
    if case["rate"] != RATE:
        common = np.gcd(case["rate"], RATE)
        samples = resample_poly(samples, case["rate"] // common, RATE // common)
    pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((case["channels"], 2, case["rate"], 0, "NONE", ""))
        out.writeframes(np.repeat(pcm, case["channels"]).tobytes())
    uri = f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"
    print(json.dumps({"file": uri, "spans": spans, "seconds": samples.size / case["rate"]}))
