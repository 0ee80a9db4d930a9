"""The controls that the outputs of a model fill."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from labelstudio_export.errors import ExportError

NUMBERED = LogisticRegression(max_iter=50)


def flags(target):
    return np.stack([target == "red", target == "white"], axis=1).astype(int)


@pytest.mark.parametrize(
    ("control", "model", "labels", "said"),
    [
        ("Raiting", NUMBERED, "1,2,3", "'Raiting' is no control that the server fills; use one of Choices, "),
        ("Rating", NUMBERED, "0,1,2", "Rating takes whole numbers from 1 as classes, and 'label' has '0'"),
        (
            "Rating",
            NUMBERED,
            "1,2.5,3",
            "Rating takes whole numbers from 1 as classes, and 'label' has '2.5'",
        ),
        ("Number", NUMBERED, "1,two,3", "Number takes numbers as classes, and 'label' has 'two'"),
        ("Number", NUMBERED, "1,nan,3", "Number takes numbers as classes, and 'label' has 'nan'"),
        (
            "Rating",
            MultiOutputClassifier(NUMBERED),
            "1,2",
            "Rating holds one class, and 'label' can have any",
        ),
        ("Choices", LinearRegression(), "", "Choices takes classes, and 'value' is a number"),
        ("Taxonomy", LinearRegression(), "", "Taxonomy takes classes, and 'value' is a number"),
    ],
)
def test_what_a_control_does_not_take(exported, tmp_path, wine, control, model, labels, said):
    frame, target = wine
    numbers = {"Choices": frame["hue"], "Taxonomy": frame["hue"]}.get(control, target)
    fitted = model.fit(frame, flags(target) if isinstance(model, MultiOutputClassifier) else numbers)
    named = [labels.split(",")] if labels else []
    with pytest.raises(ExportError, match="--controls") as refusal:
        exported(fitted, frame, controls=[control], labels=named)
    assert said in str(refusal.value)
    assert not list(tmp_path.rglob("model.json"))


@pytest.mark.parametrize(
    ("control", "labels"),
    [("Rating", "1,2.0,5"), ("Number", "-1,0.5,1e3"), ("Taxonomy", "a/b,a/c,d"), ("Choices", "a,b,c")],
)
def test_what_a_control_takes(exported, wine, control, labels):
    frame, target = wine
    exported(NUMBERED.fit(frame, target), frame, controls=[control], labels=[labels.split(",")])


def test_values_fill_rating_and_number(exported, wine):
    frame, _ = wine
    for control in ("Rating", "Number"):
        exported(LinearRegression().fit(frame, frame["hue"]), frame, controls=[control])
