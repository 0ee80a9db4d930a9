"""The command on detectors."""

import base64
import io
import json

import detectors
import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from labelstudio_export import gate
from labelstudio_export.node import run_version
from labelstudio_torch import graph

WIDTH, HEIGHT = 32, 24
# Red, and where it is in the picture: left, top, right, bottom.
RED, PLACE = (255, 0, 0), (4, 6, 20, 12)
BOXES = {"name": "label", "kind": "boxes", "tensors": {"boxes": "boxes", "scores": "scores"}}


@pytest.fixture
def command(tmp_path, weights, exported):
    """Runs the command; returns the version's folder, its output and that of model.json, or a refusal."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    picture().save(pictures / "red.png")

    def run(net, *more, labels="red,green"):
        saved = weights(net, detectors)
        arguments = [f"{detectors.__file__}:{net}", "--weights", str(saved), "--task", "object-detection"]
        arguments += ["--labels", labels, "--samples", str(pictures), "--size", f"{WIDTH}x{HEIGHT}"]
        done = exported(*arguments, *more)
        if isinstance(done, str):
            return done
        folder, record = done
        assert record["parity"]["rows"] == 6 and record["parity"]["largestDifference"] < 1e-5
        (output,) = record["outputs"]
        (shown,) = json.loads((folder.parents[1] / "model.json").read_text())["outputs"]
        return folder, output, shown

    return run


def picture():
    image = Image.new("RGB", (WIDTH, HEIGHT))
    left, top, right, bottom = PLACE
    image.paste(RED, (left, top, right, bottom))
    return image


def numbers(folder):
    """What the server makes of the picture."""
    file = io.BytesIO()
    picture().save(file, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    (answer,) = run_version(folder, [uri])
    return np.array(answer["values"]["label"])


def middle_and_sides(relative):
    left, top, right, bottom = PLACE
    box = np.array([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
    return box / [WIDTH, HEIGHT, WIDTH, HEIGHT] if relative else box


@pytest.mark.parametrize("net", ["Squares", "FocalSquares"])
def test_queries_have_the_boxes_and_probabilities_of_torch(command, net):
    folder, output, shown = command(net)
    assert output == {**BOXES, "labels": ["red", "green"], "format": "cxcywh", "unit": "relative"}
    assert shown == {"name": "label", "control": "RectangleLabels"}
    told = numbers(folder)
    boxes, scores = told[:8].reshape(2, 4), told[8:].reshape(2, 2)
    assert np.allclose(boxes[0], middle_and_sides(relative=True), atol=1e-4)
    pixels = torch.from_numpy(np.array(picture())).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        said = getattr(detectors, net)()(pixels)
    probabilities = (
        torch.softmax(said["logits"][0], dim=1)[:, :2]
        if net == "Squares"
        else torch.sigmoid(said["pred_logits"][0])
    )
    assert np.allclose(scores, probabilities, atol=1e-5) and scores[0, 0] > 0.99


def test_the_label_that_is_none_can_stand_anywhere(command):
    folder, output, _ = command("AnchorSquares", "--background", "no", labels="no,red,green")
    assert output == {**BOXES, "labels": ["red", "green"], "format": "xyxy", "unit": "pixels"}
    told = numbers(folder)
    assert np.allclose(told[:16].reshape(4, 4)[[0, 2]], PLACE, atol=1e-3)
    assert np.allclose(told[16:].reshape(4, 2)[[0, 2]], [1, 0], atol=1e-3)


def test_corners_are_suppressed_where_they_overlap(command):
    _, _, shown = command(
        "AnchorSquares", "--background", "no", "--control", "EllipseLabels", labels="no,red,green"
    )
    assert shown == {"name": "label", "control": "EllipseLabels", "iou_threshold": 0.5}


@pytest.mark.parametrize("net", ["GridSquares", "ObjectSquares"])
def test_raw_heads_are_served_as_they_are(command, net):
    folder, output, shown = command(net)
    spec = {"name": "label", "kind": "yolo", "tensor": "numbers", "labels": ["red", "green"]}
    grid, objects = {"transposed": False}, {"transposed": True, "objectness": True}
    assert output == {**spec, **(grid if net == "GridSquares" else objects)}
    assert shown == {"name": "label", "control": "RectangleLabels", "model_score_threshold": 0.25}
    told = numbers(folder)
    places = told.reshape(6, 6).T if net == "GridSquares" else told.reshape(8, 7)
    assert np.allclose(places[0, :4], middle_and_sides(relative=False), atol=1e-2)
    assert np.allclose(places[0, 4:], [1, 0] if net == "GridSquares" else [1, 1, 0], atol=1e-3)


def test_images_keep_their_shape_with_bars(command, tmp_path):
    Image.new("RGB", (64, 12), RED).save(tmp_path / "pictures" / "red.png")
    folder, _, _ = command("Squares", "--letterbox", "114")
    record = json.loads((folder / "version.json").read_text())
    size = {"kind": "image", "width": WIDTH, "height": HEIGHT, "fit": "letterbox", "fill": 114}
    scaled = {"resample": "opencv-linear", "color": "opencv"}
    assert record["input"] == {**size, **scaled, "mean": [0.0], "std": [1.0]}
    rows = json.loads((folder / "parity.json").read_text())["rows"]
    box = rows[-1]["expected"]["label"][:4]
    assert box == pytest.approx([0.5, 0.5, 1, 6 / HEIGHT], abs=1e-3)


def test_many_numbers_are_compared_in_parts(command, monkeypatch):
    asked = []

    def counted(folder, values):
        asked.append(len(values))
        return run_version(folder, values)

    monkeypatch.setattr(gate, "_MOST_NUMBERS", 4 * 12)
    monkeypatch.setattr(gate, "run_version", counted)
    command("Squares")
    assert asked == [4, 2]


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_both_exporters_take_any_number_of_images(command, monkeypatch, exporter):
    monkeypatch.setattr(graph, "_EXPORTERS", {exporter: graph._EXPORTERS[exporter]})
    folder, _, _ = command("Squares")
    record = json.loads((folder / "version.json").read_text())
    assert record["tools"]["torch.onnx.export"] == exporter
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(4).random((5, 3, HEIGHT, WIDTH), dtype=np.float32)
    boxes, scores = session.run(["boxes", "scores"], {"pixel_values": pixels})
    with torch.no_grad():
        said = detectors.Squares()(torch.from_numpy(pixels))
    assert np.allclose(boxes, said["pred_boxes"], atol=1e-5)
    assert np.allclose(scores, torch.softmax(said["logits"], dim=2)[..., :2], atol=1e-5)


def test_refuses_what_is_no_detector_that_it_knows(command):
    assert "it returns a list of 1 mappings, as torchvision's detectors do" in command("ChosenSquares")
    assert "returns 'boxes' [rows, n, 4] and 'scores' [rows, n, labels]" in command("ChosenSquares")
    assert "it gives 3 scores a box, with 1 labels; name all" in command("Squares", labels="red")
    assert "it gives 3 scores a box, with 2 labels" in command("AnchorSquares")
    assert "it gives [1, 6, 6], with 4 labels" in command("GridSquares", labels="a,b,c,d")
    assert "--background: a head as YOLO's has none" in command("GridSquares", "--background", "red")
    assert "its 'pred_boxes' reach" in command("PixelQueries")
    assert "of its 'boxes' end before they begin; let it return left, top" in command("SidedAnchors")
    assert "its boxes are no larger than a pixel" in command("RelativeGrid")
    assert "'boxes' [rows, n, 4] and 'scores' [rows, n, labels], n the same" in command("BrightestSquares")
    assert "--letterbox: 256 is no grey; give one of 0 to 255" in command("Squares", "--letterbox", "256")
    assert "'Choices' does not hold boxes; use one of RectangleLabels" in command(
        "Squares", "--control", "Choices"
    )
    assert "it returns a mapping of 'cells': a tensor [1, 2, 24, 32]; let it return" in command("Cells")
