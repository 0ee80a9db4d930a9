"""Models of several targets: labels, several controls, several numbers."""

import numpy as np
import pytest
from conftest import POSITIVE, TEXTS, TOPIC
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from labelstudio_export.errors import ExportError

SEED = {"random_state": 0}
FOREST = RandomForestClassifier(10, **SEED)
LABELS = [["sweet", "dark", "strong"]]


@pytest.fixture
def labelled(wine):
    frame, target = wine
    medians = frame[["hue", "color_intensity", "alcohol"]].median()
    return frame, (frame[medians.index] > medians).to_numpy().astype(int), target


@pytest.mark.parametrize(
    "head",
    [
        FOREST,
        DecisionTreeClassifier(**SEED),
        KNeighborsClassifier(),
        MLPClassifier(hidden_layer_sizes=(8,), max_iter=60, **SEED),
        MultiOutputClassifier(LogisticRegression()),
        MultiOutputClassifier(GaussianNB()),
        ClassifierChain(LogisticRegression(), order=[2, 0, 1]),
        ClassifierChain(DecisionTreeClassifier(max_depth=3, **SEED), order="random", **SEED),
    ],
    ids=str,
)
def test_labels(exported, labelled, head):
    frame, labels, _ = labelled
    _, record = exported(make_pipeline(StandardScaler(), head).fit(frame, labels), frame, labels=LABELS)
    (output,) = record["outputs"]
    assert output["labels"] == LABELS[0]
    assert output["decision"] == {"rule": "threshold", "threshold": 0.5}


@pytest.mark.parametrize(
    "head", [FOREST, MultiOutputClassifier(GradientBoostingClassifier(n_estimators=4, **SEED))], ids=str
)
def test_classes_of_several_targets(exported, labelled, head):
    frame, labels, target = labelled
    both = np.stack([target, np.where(labels[:, 0], "sweet", "dry")], axis=1)
    model = make_pipeline(StandardScaler(), head).fit(frame, both)
    _, record = exported(model, frame, outputs=["colour", "taste"])
    assert [output["name"] for output in record["outputs"]] == ["colour", "taste"]
    assert [output["labels"] for output in record["outputs"]] == [["red", "rosé", "white"], ["dry", "sweet"]]
    assert len({output["tensor"] for output in record["outputs"]}) == 2


def test_refuses_neighbours_of_targets_with_different_classes(exported, labelled):
    frame, labels, target = labelled
    codes = np.stack([np.unique(target, return_inverse=True)[1], labels[:, 0]], axis=1)
    with pytest.raises(ExportError, match="its targets have different numbers of classes"):
        exported(make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(frame, codes), frame)


def test_scores_of_several_targets_on_texts(exported):
    both = np.stack([TOPIC, np.where(POSITIVE, "good", "bad")], axis=1)
    model = make_pipeline(TfidfVectorizer(), MultiOutputClassifier(LinearSVC())).fit(TEXTS, both)
    done, record = exported(model, TEXTS)
    assert [output["kind"] for output in record["outputs"]] == ["scores", "scores"]
    assert b'"layout":"sparse"' in (done.folder / "features.json").read_bytes()


@pytest.mark.parametrize(
    "head",
    [
        LinearRegression(),
        ExtraTreesRegressor(10, **SEED),
        MultiOutputRegressor(Ridge()),
        RegressorChain(Ridge(), order=[1, 0]),
    ],
    ids=str,
)
def test_several_numbers(exported, diabetes, head):
    frame, target = diabetes
    both = np.stack([target, target**2], axis=1)
    _, record = exported(make_pipeline(StandardScaler(), head).fit(frame, both), frame)
    assert [output["kind"] for output in record["outputs"]] == ["value", "value"]
