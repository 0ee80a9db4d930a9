"""The tabular trainer: which columns it takes, and what it writes."""

import numpy as np
import pytest
from jobs import MULTIPLE, SCRIPTS, SINGLE, Run, output, write_job

from labelstudio_export.node import run_version
from labelstudio_train import Job, TrainingError
from labelstudio_train import tabular as trainer
from labelstudio_train.columns import Columns
from labelstudio_train.reports import Reports

SCRIPT = SCRIPTS / "train_tabular.py"
CITIES = ["Turku", "Oulu", "Åbo 🏙️", '"x"']


def data(frame, index, **more):
    """A task's data with what projects have beside the columns that tell something."""
    return {
        "id": 1000 + int(index),
        "photo": f"https://example.com/{index}.png",
        "note": f"row {index} of the table",
        "tags": ["a"],
        **{name: float(value) for name, value in frame.iloc[index].items()},
        **more,
    }


def train(folder):
    """Trains in this process; returns the version's folder."""
    with (folder / "reports").open("wb") as reports:
        trainer.train(Job.read(folder, Reports(reports.fileno())))
    (version,) = (folder / "out").iterdir()
    return version


def test_classes_from_numbers_texts_of_numbers_categories_and_gaps(tmp_path, wine):
    frame, target = wine
    frame = frame[["alcohol", "proline", "hue"]]
    order = np.random.default_rng(0).permutation(len(frame))
    rows = []
    for place, index in enumerate(order):
        more = {
            "city": CITIES[index % 4],
            "proline": str(frame["proline"].iloc[index]),
            "old": bool(index % 2),
        }
        if place % 7 == 0:
            more |= {"hue": None, "city": None, "proline": ""}
        row = data(frame, index, **more)
        if place % 11 == 0:
            del row["alcohol"]
        rows.append((row, str(target[index]), *(["held_out"] if place % 5 == 0 else [])))
    folder, record = Run(SCRIPT, write_job(tmp_path, rows, kind="tabular")).version()

    assert record["input"] == {
        "kind": "tabular",
        "columns": [
            {"name": "alcohol", "kind": "number", "optional": True},
            {"name": "proline", "kind": "number"},
            {"name": "hue", "kind": "number"},
            {"name": "old", "kind": "number"},
            {"name": "city", "kind": "category"},
        ],
    }
    metrics = record["metrics"]
    assert metrics["accuracy"] > 0.8 and metrics["samples"] == sum(len(row) == 2 for row in rows)
    assert set(metrics["leftOut"]) == {"id", "photo", "note", "tags"}
    assert record["parity"]["largestDifference"] < 1e-6 and record["parity"]["agreement"] == 1
    assert record["outputs"][0]["labels"] == sorted(set(target))

    held_out = [row for row in rows if len(row) == 3]
    answers = run_version(folder, [row[0] for row in held_out])
    labels = record["outputs"][0]["labels"]
    right = [
        labels[answer["chosen"]["label"][0]] == row[1] for answer, row in zip(answers, held_out, strict=True)
    ]
    assert np.mean(right) > 0.85
    # A city that nobody knows and a number that is missing are no reason to give up.
    (answer,) = run_version(folder, [{"proline": None, "hue": "0.9", "old": True, "city": "Rome"}])
    assert sum(answer["values"]["label"]) == pytest.approx(1)


def test_a_number(tmp_path, diabetes):
    frame, target = diabetes
    order = np.random.default_rng(0).permutation(len(frame))[:200]
    rows = [(data(frame, index), float(target[index])) for index in order]
    folder, record = Run(SCRIPT, write_job(tmp_path, rows, [output("Number")], kind="tabular")).version()
    assert record["outputs"] == [{"name": "label", "tensor": "values", "kind": "value"}]
    assert record["metrics"]["r2"] > 0.3 and record["metrics"]["meanAbsoluteError"] < 60
    assert record["parity"]["largestDifference"] < 1e-6
    values = [answer["values"]["label"][0] for answer in run_version(folder, [row[0] for row in rows])]
    assert np.corrcoef(values, [row[1] for row in rows])[0, 1] > 0.6


def test_trees_where_they_do_better(tmp_path):
    points = np.random.default_rng(0).uniform(-1, 1, (200, 2)).round(3)
    rows = [({"x": x, "y": y}, "same" if x * y > 0 else "other") for x, y in points]
    version = train(write_job(tmp_path, rows, kind="tabular"))
    assert '"model": "boosted trees"' in (version / "version.json").read_text()
    asked = [{"x": 0.5, "y": 0.5}, {"x": 0.5, "y": -0.5}]
    assert [answer["chosen"]["label"] for answer in run_version(version, asked)] == [[1], [0]]


@pytest.mark.parametrize(
    ("control", "target"),
    [
        (output("Taxonomy"), lambda odd: ["Odd/1", "Even/0"][not odd]),
        (output("Rating"), lambda odd: 4 if odd else 2),
        (MULTIPLE, lambda odd: ["odd", "number"] if odd else ["number"]),
    ],
    ids=["Taxonomy", "Rating", "several labels"],
)
def test_other_controls(tmp_path, control, target):
    rows = [({"n": n % 2 + 0.5, "city": CITIES[n % 3]}, target(n % 2 == 1)) for n in range(30)]
    assert train(write_job(tmp_path, rows, [control], kind="tabular"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (list(range(100, 130)), "it numbers things"),
        ([None, "", "nan"] * 10, "it is empty"),
        ([1, "1", "1.0"] * 10, "it is always the same"),
        (["a"] * 30, "it is always the same"),
        ([f"word {n}" for n in range(30)], "it holds text"),
        (["a" * 200, "b" * 200] * 15, "it holds text"),
        (["s3://bucket/a", "s3://bucket/b"] * 15, "it holds addresses"),
        (["/data/upload/1/a.png", "/data/upload/1/b.png"] * 15, "it holds addresses"),
        (["a", 1] * 15, "it holds lists, objects, or texts and numbers"),
        ([{}, None] * 15, "it holds lists, objects, or texts and numbers"),
        ([1e400, 1.0, 2.0] * 10, "it holds lists, objects, or texts and numbers"),
    ],
    ids=str,
)
def test_leaves_out_what_tells_nothing(values, reason):
    columns = Columns.find([{"column": value} for value in values])
    assert columns.names == [] and columns.left_out == {"column": reason}


def test_leaves_out_ids_by_their_names():
    for name in ("id", "ID", "customer_id", "customerId", "uuid", "index"):
        assert Columns.find([{name: n % 7} for n in range(20)]).names == [], name
    for name in ("paid", "width", "Grid", "body mass index"):
        assert Columns.find([{name: n % 7} for n in range(20)]).names == [name]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            [({"url": "http://a"}, "A"), ({"url": "http://b"}, "B")],
            {},
            "the tasks' data have no numbers or categories to learn from ('url': it holds addresses)",
        ),
        (
            [({"n": 1.5}, "A"), ({"n": 2}, "B")],
            {"C": 1},
            "the option 'C' in model.json is not known: this trainer has none",
        ),
    ],
)
def test_says_what_cannot_be_learnt(tmp_path, rows, options, message):
    with pytest.raises(TrainingError) as refused:
        train(write_job(tmp_path, rows, [SINGLE], kind="tabular", options=options))
    assert str(refused.value) == message
