"""The command on models of images."""

import base64
import io
import json

import nets
import numpy as np
import pytest
import torch
from conftest import NETS
from PIL import Image

from labelstudio_export.node import run_version

MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]


@pytest.fixture
def pictures(tmp_path):
    """A folder of images of several kinds and sizes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(1)
    for name, size, mode in (("a.png", (40, 30), "RGB"), ("b.jpg", (16, 64), "RGB"), ("c.png", (8, 8), "L")):
        shape = (*size, 3) if mode == "RGB" else size
        Image.fromarray(noise.integers(0, 256, shape, dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def command(weights, pictures, exported):
    """Runs the command; returns the version's folder and its record, or the line of a refusal."""

    def run(net, *more, task="image-classification", samples=None, size=("--size", "20x12")):
        arguments = [f"{NETS}:{net}", "--weights", str(weights(net)), "--task", task, "--labels", "A,B,C,D"]
        arguments += ["--samples", str(samples or pictures), *size]
        return exported(*arguments, *more)

    return run


@pytest.mark.parametrize("several", [False, True])
def test_images_get_what_torch_says(command, weights, several):
    scaling = ["--resample", "bicubic", "--mean", ",".join(map(str, MEAN)), "--std", ",".join(map(str, STD))]
    kind = "image-multilabel-classification" if several else "image-classification"
    folder, record = command("Pictures", *scaling, task=kind)
    size = {"kind": "image", "width": 20, "height": 12}
    assert record["input"] == {**size, "resample": "bicubic", "color": "pillow", "mean": MEAN, "std": STD}
    assert record["parity"]["samples"] == 3 and record["parity"]["largestDifference"] < 1e-5

    pixels = np.random.default_rng(2).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    (answer,) = run_version(folder, [uri])
    model = nets.Pictures()
    model.load_state_dict(torch.load(weights("Pictures"), weights_only=True))
    scaled = ((torch.from_numpy(pixels).double() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).float()
    with torch.no_grad():
        logits = model.eval()(scaled.permute(2, 0, 1)[None])[0]
    expected = torch.sigmoid(logits) if several else torch.softmax(logits, dim=0)
    assert np.allclose(answer["values"]["label"], expected, atol=1e-5)


def test_pixels_get_what_torch_says(command, weights, tmp_path):
    folder, record = command("Pixels", "--background", "A", task="image-segmentation")
    spec = {"name": "label", "kind": "segmentation", "tensor": "numbers", "labels": list("ABCD")}
    assert record["outputs"] == [{**spec, "activation": "softmax", "background": "A"}]
    manifest = json.loads((folder.parents[1] / "model.json").read_text())
    assert manifest["outputs"] == [{"name": "label", "control": "BrushLabels"}]
    assert record["parity"]["largestDifference"] < 1e-5
    file = io.BytesIO()
    Image.new("RGB", (20, 12), (255, 0, 0)).save(file, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    (answer,) = run_version(folder, [uri])
    model = nets.Pixels()
    model.load_state_dict(torch.load(weights("Pixels"), weights_only=True))
    red = torch.zeros(1, 3, 12, 20)
    red[:, 0] = 1
    with torch.no_grad():
        assert np.allclose(answer["values"]["label"], model.eval()(red).ravel(), atol=1e-5)


def test_refuses_what_would_be_served_wrongly(command, tmp_path, samples):
    line = command("Competing")
    assert "its answer to an image changes" in line
    assert "beside others in a batch; let each row be computed for itself" in line
    assert "--size: images need one" in command("Pictures", size=())
    assert "is no folder with images" in command("Pictures", samples=tmp_path / "none")
    assert "it cannot be read as an image" in command("Pictures", samples=samples.parent)
    assert "--mean: it has 2 numbers; give one" in command("Pictures", "--mean", "0,1")
    assert "--std: 0.0 divides nothing" in command("Pictures", "--std", "0")
    assert "--background: 'E' is none of" in command("Pixels", "--background", "E", task="image-segmentation")
    assert "--background: image-classification has none" in command("Pictures", "--background", "A")
    assert "'Choices' does not hold it; use one of BrushLabels" in command(
        "Pixels", "--control", "Choices", task="image-segmentation"
    )
    line = command("Pixels", size=("--size", "21x13"), task="image-segmentation")
    assert "it gives [1, 4, 12, 20], not [1, 4, 13, 21]" in line
    assert "forward(): it needs input_ids, attention_mask" in command("Masked")
