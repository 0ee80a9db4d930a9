"""The command: one line for each thing that a person can get wrong, and nothing written."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from conftest import POSITIVE, TEXTS
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from labelstudio_export import export as export_module
from labelstudio_export.cli import main

SCRIPTS = Path(__file__).resolve().parents[1]


class Mine(ClassifierMixin, BaseEstimator):
    """A classifier that nobody else knows."""

    def fit(self, rows, classes):
        self.classes_ = np.unique(classes)
        return self

    def predict(self, rows):
        return np.full(len(rows), self.classes_[0])


class Louder(LogisticRegression):
    """A subclass may compute what it likes."""


@pytest.fixture
def fitted():
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, POSITIVE)


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n" + "".join(f"{n},{json.dumps(text)}\n" for n, text in enumerate(TEXTS[:9])))
    return path


@pytest.fixture
def command(tmp_path, samples, capsys):
    """Runs the command on a model; returns what was written and said."""

    def run(model, *arguments):
        path = tmp_path / "pipeline.joblib"
        if not isinstance(model, Path):
            joblib.dump(model, path)
            model = path
        repository = tmp_path / "models"
        options = ["--name", "spam", "--samples", str(samples), "--repository", str(repository), *arguments]
        try:
            main([str(model), *options])
            said = capsys.readouterr().out
        except SystemExit as end:
            said = str(end.code)
            assert "\n" not in said
            assert said.startswith("error: ")
            assert not list(repository.rglob("*"))
        return repository, said

    return run


def test_writes_a_version(command, fitted):
    repository, said = command(fitted, "--labels", "ham, spam", "--title", "Is it spam?")
    (folder,) = (repository / "spam" / "versions").iterdir()
    record = json.loads((folder / "version.json").read_text())
    assert record["outputs"][0]["labels"] == ["ham", "spam"]
    assert record["parity"]["samples"] == 9
    manifest = json.loads((repository / "spam" / "model.json").read_text())
    assert manifest["title"] == "Is it spam?"
    assert manifest["outputs"] == [{"name": "label", "control": "Choices", "choice": "single"}]
    assert "same class on 100.0%" in said and str(folder) in said
    _, again = command(fitted, "--labels", "ham, spam")
    assert "unchanged" in again
    assert list((repository / "spam" / "versions").iterdir()) == [folder]


def test_runs_as_a_script(tmp_path, fitted, samples):
    joblib.dump(fitted, tmp_path / "p.joblib")
    command = [
        sys.executable,
        str(SCRIPTS / "export_sklearn.py"),
        str(tmp_path / "p.joblib"),
        "--name",
        "spam",
    ]
    options = ["--samples", str(samples), "--repository", str(tmp_path / "models")]
    environment = os.environ | {"PATH": "/nowhere"}
    done = subprocess.run(command + options, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error: parity gate: it runs the server's own code, and node is not on the PATH; "
        "run `make setup` first\n"
    )
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--labels", "a,b,c"],
            r"--labels: ['a', 'b', 'c'] are 3 names for the model's 2 classes ['0', '1']",
        ),
        (["--labels", "a,a"], "--labels: ['a', 'a'] are 1 names"),
        (["--labels", "a,b", "--labels", "c,d"], "--labels: it was given 2 times for 1 outputs"),
        (["--outputs", "a,b"], "--outputs: ['a', 'b'] are not 1 names"),
        (["--controls", "Choices,Rating"], "--controls: ['Choices', 'Rating'] are not one for each"),
        (["--name", "Spam filter"], "--name: 'Spam filter' is no model name"),
        (["--text-column", "body"], "it has no column 'body'; it has ['id', 'text']"),
        (["--samples", "nowhere.csv"], "nowhere.csv: there is no such file"),
    ],
)
def test_arguments(command, fitted, arguments, message):
    assert message in command(fitted, *arguments)[1]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            make_pipeline(TfidfVectorizer(), LogisticRegression()),
            "Pipeline: it is not fitted; call fit() on the pipeline before saving it",
        ),
        (
            make_pipeline(TfidfVectorizer(), Mine()).fit(TEXTS, POSITIVE),
            "mine: test_cli.Mine cannot be exported",
        ),
        (
            make_pipeline(TfidfVectorizer(), Louder()).fit(TEXTS, POSITIVE),
            "louder: test_cli.Louder cannot",
        ),
        (
            make_pipeline(TfidfVectorizer(), KNeighborsClassifier(weights="distance")).fit(TEXTS, POSITIVE),
            "kneighborsclassifier: weights='distance' converts wrongly; fit it with weights='uniform'",
        ),
        ({"coef": 1}, "it holds dict, which is no model; save the fitted pipeline"),
    ],
)
def test_models(command, model, message):
    assert message in command(model)[1]


def test_files_that_are_no_pickles(command, tmp_path):
    broken = tmp_path / "broken.joblib"
    broken.write_bytes(b"<html>not found</html>")
    assert "it is no pickle that can be read" in command(broken)[1]
    assert "there is no such file" in command(tmp_path / "gone.joblib")[1]


def test_a_pickle_of_another_version(command, fitted, tmp_path):
    state = pickle.dumps(fitted).replace(sklearn.__version__.encode(), b"1.2.3")
    old = tmp_path / "old.joblib"
    old.write_bytes(state)
    said = command(old)[1]
    assert "it was made with scikit-learn 1.2.3, and this is 1." in said
    assert "install scikit-learn 1.2.3 here" in said


def test_a_pickle_of_code_that_is_not_here(command, tmp_path):
    gone = tmp_path / "gone.joblib"
    gone.write_bytes(b"\x80\x04\x8c\x0bno_such_mod\x8c\x05Model\x93.")
    assert "it needs code that is not here (No module named 'no_such_mod')" in command(gone)[1]


def test_samples(command, fitted, samples):
    for content, message in [
        ("", "it has no rows"),
        ("text\n", "it has no rows"),
        (
            "a,b\n1,2\n",
            "which column holds the texts is not clear; it has ['a', 'b']; name one with --text-column",
        ),
        ("text,b\n1,2,3\n", "line 2 has another number of cells than the first"),
    ]:
        samples.write_text(content)
        assert message in command(fitted)[1]
    samples.write_bytes(b"text\n\xff\xfe\n")
    assert "it cannot be read" in command(fitted)[1]


def test_cells_that_are_no_numbers(command, wine, samples):
    frame, target = wine
    model = RandomForestClassifier(3, random_state=0).fit(frame[["hue", "ash"]], target)
    samples.write_text("ash,hue\n1,2\n3,much\n")
    said = command(model)[1]
    assert "--samples, row 2, column 'hue': 'much' is no number, and the model needs one" in said
    samples.write_text("ash,Hue\n1,2\n")
    assert "the column 'hue' is missing; it has ['ash', 'Hue']" in command(model)[1]


def test_a_version_that_answers_otherwise_is_not_written(command, fitted, monkeypatch):
    """Whatever the reason: here the original is changed after it was read."""
    build = export_module.build_version

    def and_change(model, *arguments):
        built = build(model, *arguments)
        model.steps[-1][1].intercept_ += 0.5
        return built

    monkeypatch.setattr(export_module, "build_version", and_change)
    said = command(fitted)[1]
    assert "the exported model differs from the original on" in said
    assert "tolerance 1e-06" in said and "The film was wonderful" in said
