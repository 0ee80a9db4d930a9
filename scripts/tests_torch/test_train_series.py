"""The trainer of parts of time series, as the server runs it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.append(str(SCRIPTS / "tests"))

from jobs import Run, output, write_job  # noqa: E402

from labelstudio_export.node import run_version  # noqa: E402
from labelstudio_torch.series import classes_of, step_f1  # noqa: E402
from labelstudio_torch.spans import Span  # noqa: E402

PARTS = output("TimeSeriesLabels", labels=["Fast", "Never", "Slow"])
PERIODS = {"Slow": 25, "Fast": 8}


def waves(count, seed=0, steps=300):
    """Series that rest, and wave slowly or fast, far from 0 and in two units; with their parts."""
    chance = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        x, regions, at = chance.normal(0, 0.1, steps), [], int(chance.integers(10, 40))
        while at < steps - 80:
            label = str(chance.choice(list(PERIODS)))
            end = at + int(chance.integers(50, 80))
            x[at:end] += np.sin(2 * np.pi * np.arange(end - at) / PERIODS[label])
            regions.append({"steps": [at, end], "labels": [label]})
            at = end + int(chance.integers(20, 60))
        time = [f"day {step}" for step in range(steps)]
        rows.append(({"text": {"x": (1000 + 50 * x).tolist(), "y": (-x).tolist(), "time": time}}, regions))
    return rows


def run(folder, channels=("x", "y"), **settings):
    job = write_job(folder, outputs=[PARTS], kind="time-series", **settings)
    context = json.loads((job / "context.json").read_text())
    context["input"]["channels"] = list(channels)
    (job / "context.json").write_text(json.dumps(context))
    return Run(SCRIPTS / "train_series.py", job)


def f1_of(folder, rows):
    """F1 over the steps of series, by the server's own code."""
    answers = run_version(folder, [data for data, _ in rows])
    got = [np.array(answer["values"]["label"]).reshape(3, -1).argmax(axis=0) for answer in answers]
    spans = [[Span(*region["steps"], region["labels"][0]) for region in regions] for _, regions in rows]
    return step_f1([classes_of(300, each, ["Fast", "Slow"]) for each in spans], got)


def test_marks_what_annotators_mark(tmp_path):
    folder, record = run(tmp_path, rows=[*waves(30), ({"text": {}}, [], "held_out")]).version()
    (spec,) = record["outputs"]
    assert spec == {
        "name": "label",
        "kind": "frames",
        "tensor": "numbers",
        "labels": ["none", "Fast", "Slow"],
        "transposed": True,
        "activation": "softmax",
        "background": "none",
    }
    mean, std = record["input"].pop("mean"), record["input"].pop("std")
    assert record["input"] == {"kind": "time-series", "channels": ["x", "y"], "steps": 1024, "overlap": 130}
    assert abs(mean[0] - 1000) < 5 and 20 < std[0] < 50 and abs(mean[1]) < 0.1 and 0.4 < std[1] < 1
    assert record["metrics"]["f1"] > 0.9 and record["metrics"]["samples"] == 30
    assert record["parity"]["largestDifference"] < 1e-4
    assert f1_of(folder, waves(10, seed=1)) > 0.9


def test_learns_from_a_handful_and_gives_the_same_again(tmp_path):
    folder, record = run(tmp_path / "a", rows=waves(5)).version()
    assert record["metrics"] == {"method": "too few series to hold some out", "samples": 5}
    assert f1_of(folder, waves(10, seed=1)) > 0.8
    again, _ = run(tmp_path / "b", rows=waves(5)).version()
    assert (again / "model.onnx").read_bytes() == (folder / "model.onnx").read_bytes()


def test_takes_series_of_any_length_and_channels_that_never_change(tmp_path):
    rows = [({"text": {"x": [3] * count}}, [{"steps": [0, 2], "labels": ["Slow"]}]) for count in (2, 9, 1500)]
    folder, record = run(tmp_path, channels=["x"], rows=rows).version()
    assert record["input"]["std"] == [1] and record["input"]["mean"] == [3]
    assert [len(each["values"]["label"]) for each in run_version(folder, [rows[1][0]])] == [18]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"rows": [({"text": {"x": [1], "y": [1]}}, "Slow")]},
            "'label' has no parts of a time series, which this trainer learns",
        ),
        (
            {"rows": waves(3), "options": {"epochs": 3}},
            "the option 'epochs' in model.json is not known: this trainer has none",
        ),
        (
            {"rows": [*waves(3), ({"text": {"x": [1], "y": [1]}}, [{"steps": [0, 1], "labels": ["Never"]}])]},
            "'label' has 'Never' for single moments alone, and this trainer learns parts that last: mark "
            "parts of several steps, or take the label out of the config",
        ),
    ],
)
def test_says_what_cannot_be_learnt(tmp_path, settings, message):
    assert run(tmp_path, **settings).error() == message


def test_classes_of_steps_are_those_of_the_part_that_begins_last():
    assert classes_of(4, [], ["A"]).tolist() == [0, 0, 0, 0]
    assert classes_of(5, [Span(1, 3, "B"), Span(0, 4, "A")], ["A", "B"]).tolist() == [1, 2, 2, 1, 0]
    assert classes_of(3, [Span(0, 1, "B"), Span(0, 3, "A")], ["A", "B"]).tolist() == [2, 1, 1]
    assert step_f1([np.array([0, 1, 1, 2])], [np.array([0, 1, 2, 0])]) == pytest.approx(2 / 5)
    assert step_f1([np.zeros(3)], [np.zeros(3)]) == 1
