"""Sparse heads: each linear model on texts, through the server's own code."""

import numpy as np
import pytest
import sklearn
from conftest import POSITIVE, TEXTS, TOPIC
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import (
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PassiveAggressiveClassifier,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler
from sklearn.svm import LinearSVC, LinearSVR

SEED = {"random_state": 0}
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
LOSSES = ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber"]
PROBABILITIES = [
    LogisticRegression(),
    LogisticRegression(C=1e6, solver="newton-cg"),
    LogisticRegressionCV(Cs=3, cv=3),
    SGDClassifier(loss="log_loss", **SEED),
    SGDClassifier(loss="modified_huber", **SEED),
    MultinomialNB(),
    MultinomialNB(fit_prior=False),
    BernoulliNB(),
    ComplementNB(),
    ComplementNB(norm=True),
    OneVsRestClassifier(LogisticRegression()),
    CalibratedClassifierCV(LinearSVC(), cv=3),
    CalibratedClassifierCV(LinearSVC(), cv=3, method="isotonic"),
    CalibratedClassifierCV(MultinomialNB(), cv=3, ensemble=False),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 10]}, cv=3),
]
if VERSION >= (1, 8):
    PROBABILITIES.append(CalibratedClassifierCV(LogisticRegression(), cv=3, method="temperature"))
else:
    # Scikit-learn 1.8 has one way left to make several classes of a binary model: OneVsRestClassifier.
    PROBABILITIES += [LogisticRegression(solver="liblinear"), LogisticRegression(multi_class="ovr")]
SCORES = [
    LinearSVC(),
    RidgeClassifier(),
    Perceptron(**SEED),
    PassiveAggressiveClassifier(**SEED),
    OneVsRestClassifier(LinearSVC()),
    OneVsOneClassifier(LinearSVC()),
    *(SGDClassifier(loss=loss, **SEED) for loss in LOSSES if loss not in {"log_loss", "modified_huber"}),
]


def sparse(record_folder) -> bool:
    return b'"layout":"sparse"' in (record_folder / "features.json").read_bytes()


@pytest.mark.parametrize("target", [POSITIVE, TOPIC], ids=["two", "several"])
@pytest.mark.parametrize("head", PROBABILITIES, ids=str)
def test_probabilities(exported, head, target):
    done, record = exported(make_pipeline(TfidfVectorizer(), head).fit(TEXTS, target), TEXTS)
    assert record["outputs"][0]["kind"] == "probabilities"
    assert record["parity"]["agreement"] == 1.0
    assert sparse(done.folder)


@pytest.mark.parametrize("target", [POSITIVE, TOPIC], ids=["two", "several"])
@pytest.mark.parametrize("head", SCORES, ids=str)
def test_scores_are_not_called_probabilities(exported, head, target):
    done, record = exported(make_pipeline(CountVectorizer(), head).fit(TEXTS, target), TEXTS)
    assert record["outputs"][0]["kind"] == "scores"
    assert sparse(done.folder)


@pytest.mark.parametrize(
    "head",
    [
        LinearRegression(),
        Ridge(),
        ElasticNet(alpha=0.01),
        LinearSVR(),
        SGDRegressor(**SEED),
        PoissonRegressor(),
    ],
    ids=str,
)
def test_regressors(exported, head):
    lengths = np.array([len(text) for text in TEXTS], dtype=float)
    done, record = exported(make_pipeline(TfidfVectorizer(), head).fit(TEXTS, lengths), TEXTS)
    assert record["outputs"] == [{"name": "value", "tensor": "values", "kind": "value"}]
    assert sparse(done.folder)


@pytest.mark.parametrize(
    "steps",
    [
        [SelectKBest(chi2, k=20)],
        [MaxAbsScaler()],
        [StandardScaler(with_mean=False)],
        [TfidfTransformer(sublinear_tf=True), Normalizer("l1")],
        [Normalizer("max"), SelectKBest(chi2, k=10), MaxAbsScaler()],
        [TruncatedSVD(5, **SEED)],
        [TfidfTransformer(), TruncatedSVD(4, **SEED), StandardScaler()],
    ],
    # Not their text, which has the address of a function in it.
    ids=lambda steps: ", ".join(type(step).__name__ for step in steps),
)
def test_steps_between(exported, steps):
    exported(make_pipeline(CountVectorizer(), *steps, LogisticRegression()).fit(TEXTS, TOPIC), TEXTS)


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        (TunedThresholdClassifierCV(LogisticRegression(), cv=3, scoring="recall"), "label"),
        (FixedThresholdClassifier(LogisticRegression(), threshold=0.8), "label"),
        (FixedThresholdClassifier(LogisticRegression(), threshold=0.3, pos_label=0), "label"),
        (FixedThresholdClassifier(LinearSVC(), threshold=0.1), "label"),
        (LogisticRegression(), "argmax"),
    ],
    ids=str,
)
def test_the_decision_rule_travels(exported, head, rule):
    _, record = exported(make_pipeline(TfidfVectorizer(), head).fit(TEXTS, POSITIVE), TEXTS)
    assert record["outputs"][0]["decision"]["rule"] == rule
    assert record["parity"]["agreement"] == 1.0


@pytest.mark.parametrize("head", [LogisticRegression(), LinearSVC(), MultinomialNB()], ids=str)
def test_several_labels(exported, head):
    labels = np.stack([POSITIVE, TOPIC == "p", TOPIC == "f"], axis=1).astype(int)
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(head)).fit(TEXTS, labels)
    _, record = exported(model, TEXTS, labels=[["good", "phone", "food"]])
    assert record["outputs"][0]["labels"] == ["good", "phone", "food"]
    assert record["outputs"][0]["decision"]["rule"] == "threshold"


def test_float32_is_followed_and_told(exported):
    model = make_pipeline(TfidfVectorizer(dtype=np.float32), LogisticRegression()).fit(TEXTS, TOPIC)
    _, record = exported(model, TEXTS)
    assert record["parity"]["tolerance"] == 1e-5
