"""What the tests share: data that scikit-learn ships, and exports that go through the parity gate."""

import json
import os
import warnings

# Before NumPy is imported: threads of small models only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from labelstudio_export.checked import Exported
from labelstudio_export.export import Request, export

TEXTS = [
    "The film was wonderful, a great cast and a moving story.",
    "Awful phone: the battery died in two days!",
    "I loved the food. The service was slow, though.",
    "not good, not bad; simply boring",
    "Best purchase I've made this year, 10/10 would buy again",
    "The plot is thin and the acting wooden.",
    "Terrible. Never again.",
    "A charming place with friendly staff and fresh pasta",
    "It broke after one week and support never answered",
    "Crisp display, loud speakers, great value",
    "I fell asleep halfway through this movie",
    "Delicious burgers, but the fries were cold",
    "The headset does not fit and hurts my ears",
    "An instant classic! I laughed and cried.",
    "Überraschend gut: das Café in Zürich, très bon café",
    "waste of money and waste of time",
] * 3
POSITIVE = np.array([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0] * 3)
TOPIC = np.array(list("mpfmpmofppmfpmfp") * 3)


@pytest.fixture(scope="session")
def wine():
    """Three classes, scaled columns by name."""
    frame, target = load_wine(return_X_y=True, as_frame=True)
    return frame, np.array(["red", "white", "rosé"])[target]


@pytest.fixture(scope="session")
def cancer():
    """Two classes; ten columns are enough."""
    frame, target = load_breast_cancer(return_X_y=True, as_frame=True)
    return frame.iloc[:, :10], np.asarray(target)


@pytest.fixture(scope="session")
def diabetes():
    """A number to predict."""
    frame, target = load_diabetes(return_X_y=True, as_frame=True)
    return frame, np.asarray(target)


@pytest.fixture
def exported(tmp_path):
    """Exports a fitted model through the parity gate; returns what was measured and the version's record."""

    def run(model, samples, **settings) -> tuple[Exported, dict]:
        rows = samples.to_dict("records") if isinstance(samples, pd.DataFrame) else list(samples)
        request = Request(model=model, samples=rows[:60], name="model", repository=tmp_path, **settings)
        done = export(request)
        return done, json.loads((done.folder / "version.json").read_text())

    return run


@pytest.fixture(autouse=True)
def _without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
