"""The models that the repository ships."""

import hashlib
import json
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"
VERSIONS = sorted(MODELS.glob("*/versions/*-*"))


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda folder: folder.parent.parent.name)
def test_files_are_those_of_the_record(folder):
    record = json.loads((folder / "version.json").read_text())
    assert set(record["files"]) | {"version.json"} == {entry.name for entry in folder.iterdir()}
    for name, digest in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_sentiment_is_credited_and_measured():
    manifest = json.loads((MODELS / "sentiment" / "model.json").read_text())
    assert "Kotzias" in manifest["credits"] and "CC BY 4.0" in manifest["credits"]
    (folder,) = (MODELS / "sentiment" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert record["outputs"][0]["labels"] == ["Negative", "Positive"]
    assert record["metrics"]["accuracy"] > 0.82


def test_wine_is_credited_and_measured():
    manifest = json.loads((MODELS / "wine" / "model.json").read_text())
    assert "Forina" in manifest["credits"] and "CC BY 4.0" in manifest["credits"]
    (folder,) = (MODELS / "wine" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert record["outputs"][0]["labels"] == ["Barolo", "Grignolino", "Barbera"]
    assert record["metrics"]["accuracy"] > 0.97


def test_digits_are_credited_and_measured():
    manifest = json.loads((MODELS / "digits" / "model.json").read_text())
    assert "Alpaydin" in manifest["credits"] and "CC BY 4.0" in manifest["credits"]
    (folder,) = (MODELS / "digits" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert record["outputs"][0]["labels"] == list("0123456789")
    assert record["metrics"]["accuracy"] > 0.97


def test_the_tagger_is_credited_and_measured():
    manifest = json.loads((MODELS / "tagger" / "model.json").read_text())
    assert "figures_data.py makes by chance" in manifest["credits"]
    (folder,) = (MODELS / "tagger" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert {label[2:] for label in record["outputs"][0]["labels"] if label != "O"} == {
        *("Date", "Time", "Money", "Phone", "Email", "URL")
    }
    assert record["metrics"]["f1"] > 0.8
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000


def test_gait_is_credited_and_measured():
    manifest = json.loads((MODELS / "gait" / "model.json").read_text())
    assert "gait_data.py makes by chance" in manifest["credits"]
    (folder,) = (MODELS / "gait" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert record["outputs"][0]["labels"] == ["none", "Walk", "Run", "Jump"]
    assert record["metrics"]["f1"] > 0.95 and "made recordings" in record["metrics"]["method"]
    assert sum(file.stat().st_size for file in folder.iterdir()) < 300_000
