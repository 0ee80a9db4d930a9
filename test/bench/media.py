"""The image and audio models of the benchmark, and a plain Python loop that does what the server does.

`make FOLDER` writes files and models (random weights); `image FOLDER` and `audio FOLDER` answer each line, a
number of seconds, with the files a second that were read, run and made a prediction of.
"""

from __future__ import annotations

import json
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import GraphProto, TensorProto, helper, numpy_helper
from PIL import Image

# A model's graph, its output, and the input and the output of its model.json.
Parts = tuple[GraphProto, dict, dict, dict]

FILES = 24
SIDE = 224
RATE, SECONDS = 16_000, 10
N_FFT, HOP, MELS = 400, 160, 80
CLASSES = [f"class{index}" for index in range(10)]
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def main() -> None:
    """Arguments: what to do, and the folder."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "make":
        make(folder)
        return
    predict = {"image": image_predictor, "audio": audio_predictor}[what](folder)
    names = sorted((folder / what).iterdir())
    for name in names:
        predict(name)
    print("ready", flush=True)
    for line in sys.stdin:
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < float(line):
            predict(names[done % len(names)])
            done += 1
        print(json.dumps(done / (time.perf_counter() - begin)), flush=True)


def image_predictor(folder: Path) -> Callable[[Path], dict]:
    """What one picture is."""
    session = _session(folder, "pictures")

    def predict(path: Path) -> dict:
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = (np.asarray(image, dtype=np.float32) / 255 - MEAN) / STD
        (scores,) = session.run(None, {"pixel_values": pixels.transpose(2, 0, 1)[None]})
        best = int(scores[0].argmax())
        value = {"choices": [CLASSES[best]]}
        return {"result": [{"type": "choices", "value": value}], "score": float(scores[0, best])}

    return predict


def audio_predictor(folder: Path) -> Callable[[Path], dict]:
    """Where there is speech in a recording."""
    session = _session(folder, "sounds")
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    bank = _bank().astype(np.float32)

    def predict(path: Path) -> dict:
        with wave.open(str(path)) as file:
            samples = (
                np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768
            )
        padded = np.pad(samples, N_FFT // 2, mode="reflect")
        frames = (
            np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][: len(samples) // HOP] * window
        )
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        mel = np.log10(np.maximum(bank @ power.T.astype(np.float32), 1e-10)).astype(np.float32)
        (scores,) = session.run(None, {"audio": mel[None]})
        inside = np.flatnonzero(
            np.diff(np.concatenate([[False], scores[0, 0] >= 0.5, [False]]).astype(np.int8))
        )
        seconds = SECONDS / scores.shape[2]
        spans = [(begin * seconds, end * seconds) for begin, end in inside.reshape(-1, 2)]
        return {"result": [{"value": {"start": begin, "end": end}} for begin, end in spans]}

    return predict


def _session(folder: Path, name: str) -> onnxruntime.InferenceSession:
    (graph,) = (folder / "models" / name / "versions").glob("*/model.onnx")
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def _bank() -> np.ndarray:
    """Slaney's mel filters."""

    def to_hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))

    points = to_hz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), MELS + 2))
    bins = np.linspace(0, RATE / 2, N_FFT // 2 + 1)
    rows = [
        np.clip(np.minimum((bins - a) / (b - a), (c - bins) / (c - b)), 0, None) * 2 / (c - a)
        for a, b, c in zip(points[:-2], points[1:-1], points[2:], strict=True)
    ]
    return np.array(rows)


def make(folder: Path) -> None:
    """Writes pictures, recordings and the two models."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
    rng = np.random.default_rng(0)
    for kind in ("image", "audio"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:720, 0:1280]
    for index in range(FILES):
        waves = [np.sin(x / (20 + index) + phase) * np.cos(y / 37 + phase) for phase in (0, 1, 2)]
        noise = rng.normal(0, 6, (720, 1280, 3))
        pixels = np.clip(127 + 90 * np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "image" / f"{index:02}.jpg", quality=90)
        time_axis = np.arange(RATE * SECONDS) / RATE
        tone = np.sin(2 * np.pi * (200 + 40 * index) * time_axis) * (np.sin(2 * time_axis) > 0)
        samples = (tone * 8000 + rng.normal(0, 300, time_axis.size)).astype(np.int16)
        with wave.open(str(folder / "audio" / f"{index:02}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    _write(folder, "pictures", *_pictures(rng))
    _write(folder, "sounds", *_sounds(rng))


def _weights(rng: np.random.Generator, **shapes: tuple[int, ...]) -> list:
    return [
        numpy_helper.from_array(rng.normal(0, 0.1, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]


def _pictures(rng: np.random.Generator) -> Parts:
    nodes = [
        helper.make_node("Conv", ["pixel_values", "a"], ["a1"], strides=[4, 4], pads=[3, 3, 3, 3]),
        helper.make_node("Relu", ["a1"], ["a2"]),
        helper.make_node("Conv", ["a2", "b"], ["b1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b1"], ["b2"]),
        helper.make_node("Conv", ["b2", "c"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["c2"]),
        helper.make_node("GlobalAveragePool", ["c2"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "d"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    weights = _weights(rng, a=(32, 3, 7, 7), b=(64, 32, 3, 3), c=(128, 64, 3, 3), d=(128, len(CLASSES)))
    taken = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["rows", 3, SIDE, SIDE])
    given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(CLASSES)])
    output = {"name": "class", "kind": "probabilities", "tensor": "probabilities", "labels": CLASSES}
    size = {"width": SIDE, "height": SIDE, "mean": MEAN.tolist(), "std": STD.tolist()}
    entry = {"name": "class", "control": "Choices", "choice": "single"}
    return (
        helper.make_graph(nodes, "pictures", [taken], [given], weights),
        output,
        {"kind": "image", **size},
        entry,
    )


def _sounds(rng: np.random.Generator) -> Parts:
    nodes = [
        helper.make_node("Conv", ["audio", "a"], ["a1"], pads=[2, 2]),
        helper.make_node("Relu", ["a1"], ["a2"]),
        helper.make_node("Conv", ["a2", "b"], ["b1"], pads=[2, 2]),
        helper.make_node("Relu", ["b1"], ["b2"]),
        helper.make_node("Conv", ["b2", "c"], ["c1"]),
        helper.make_node("Sigmoid", ["c1"], ["scores"]),
    ]
    weights = _weights(rng, a=(64, MELS, 5), b=(64, 64, 5), c=(1, 64, 1))
    taken = helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["rows", MELS, "frames"])
    given = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["rows", 1, "frames"])
    output = {
        "name": "sounds",
        "kind": "frames",
        "tensor": "scores",
        "labels": ["Speech"],
        "transposed": True,
    }
    entry = {"name": "sounds", "control": "Labels"}
    taken_as = {"kind": "audio", "sample_rate": RATE, "features": "log-mel"}
    return helper.make_graph(nodes, "sounds", [taken], [given], weights), output, taken_as, entry


def _write(folder: Path, name: str, graph: GraphProto, output: dict, taken_as: dict, entry: dict) -> None:
    from labelstudio_export.files import VersionFiles
    from labelstudio_export.writer import Draft, staged

    files = VersionFiles()
    opset = [helper.make_opsetid("", 17)]
    files.put("model.onnx", helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
    manifest = {"format": 1, "title": name, "input": taken_as, "outputs": [entry]}
    with staged(folder / "models" / name / "versions", Draft(files, [output], manifest)) as stage:
        stage.commit({})


if __name__ == "__main__":
    main()
