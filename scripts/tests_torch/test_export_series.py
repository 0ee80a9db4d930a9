"""The command on models of time series."""

import json

import nets
import numpy as np
import pytest
import torch
from conftest import NETS

from labelstudio_export.node import run_version


@pytest.fixture
def command(tmp_path, weights, exported):
    """Runs the command; returns the version's folder and its record, or the line of a refusal."""
    series = tmp_path / "series"
    series.mkdir()
    for name, count in (("walk", 30), ("run", 90)):
        steps = "".join(f"{t},{np.sin(t):.3f},{t % 7}\n" for t in range(count))
        (series / f"{name}.csv").write_text("t,x,y\n" + steps)

    def run(net, *more, channels=("--channels", "x,y"), samples=series):
        arguments = [f"{NETS}:{net}", "--weights", str(weights(net)), "--task", "series-segmentation"]
        arguments += ["--labels", "Rest,Walk,Run,Jump", "--samples", str(samples), *channels]
        return exported(*arguments, *more)

    return run


def torch_says(net, weights, series):
    model = getattr(nets, net)()
    model.load_state_dict(torch.load(weights(net), weights_only=True))
    with torch.no_grad():
        return model.eval()(torch.tensor(series, dtype=torch.float32)[None]).ravel()


def test_steps_get_what_torch_says_at_any_length(command, weights):
    folder, record = command("Motion", "--steps", "64", "--overlap", "8", "--background", "Rest")
    assert record["input"] == {"kind": "time-series", "channels": ["x", "y"], "steps": 64, "overlap": 8}
    spec = {"name": "label", "kind": "frames", "tensor": "numbers", "transposed": True}
    labels = ["Rest", "Walk", "Run", "Jump"]
    assert record["outputs"] == [{**spec, "labels": labels, "activation": "softmax", "background": "Rest"}]
    assert record["parity"]["rows"] > 8 and record["parity"]["largestDifference"] < 1e-5
    manifest = json.loads((folder.parents[1] / "model.json").read_text())
    assert manifest["outputs"] == [{"name": "label", "control": "TimeSeriesLabels"}]
    for count in (1, 17, 64):
        series = np.random.default_rng(count).normal(size=(2, count))
        value = {"text": {"x": series[0].tolist(), "y": series[1].tolist()}}
        (answer,) = run_version(folder, [value])
        assert np.allclose(answer["values"]["label"], torch_says("Motion", weights, series), atol=1e-5)


def test_models_of_one_length_get_rows_of_it(command, weights):
    line = command("Halved", "--steps", "64")
    assert "forward(): it" in line and "[1, 2, 1]" in line
    folder, record = command("Halved", "--steps", "64", "--fixed")
    assert record["input"]["fixed"] is True
    series = np.random.default_rng(0).normal(size=(2, 11))
    (answer,) = run_version(folder, [{"text": {"x": series[0].tolist(), "y": series[1].tolist()}}])
    filled = np.pad(series, ((0, 0), (0, 53)))
    assert np.allclose(answer["values"]["label"], torch_says("Halved", weights, filled), atol=1e-5)


def test_says_what_is_missing(command, tmp_path):
    assert "--channels: series need them" in command("Motion", channels=())
    assert "it has no column 'z'; it has ['t', 'x', 'y']" in command("Motion", channels=("--channels", "x,z"))
    assert "is no folder with CSV files" in command("Motion", samples=tmp_path / "none")
    assert "--overlap: it is 64, and a row has 64 steps" in command(
        "Motion", "--steps", "64", "--overlap", "64"
    )
    (tmp_path / "gaps").mkdir()
    (tmp_path / "gaps" / "a.csv").write_text("x,y\n1,\n2,3\n")
    assert "give samples without gaps" in command("Motion", samples=tmp_path / "gaps")
