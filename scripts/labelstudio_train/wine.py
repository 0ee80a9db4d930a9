"""The trainer of the shipped wine model."""

from __future__ import annotations

from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from labelstudio_export.export import Request, export

from .shipped import run

# The data set numbers the cultivars 1 to 3; the names are those of Forina's wines, by their counts.
LABELS = ("Barolo", "Grignolino", "Barbera")
_CREDITS = (
    "Trained on 'Wine' by Stefan Aeberhard and M. Forina, UCI Machine Learning Repository, 1992, "
    "https://doi.org/10.24432/C5PC7J, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), as "
    "scikit-learn carries it (sklearn.datasets.load_wine)."
)
_DESCRIPTION = "The cultivar of an Italian red wine by its chemistry. Standardised, logistic regression."
_FOLDS = 10


def main(arguments: list[str] | None = None) -> None:
    """The command: trains, measures, writes a version; exit code 1 with one line on bad input."""
    description = "Train logistic regression on scikit-learn's wine data, and write it as a version."
    run(train, description, "wine", arguments)


def train(repository: Path, name: str) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    wines = load_wine(as_frame=True)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    accuracies = cross_val_score(_pipeline(), wines.data, wines.target, cv=folds)
    print(f"held-out accuracy in {_FOLDS} folds: {accuracies.mean():.3f}")
    done = export(
        Request(
            model=_pipeline().fit(wines.data, wines.target),
            samples=wines.data.to_dict("records"),
            name=name,
            repository=repository,
            labels=[LABELS],
            title="Cultivars of wine",
            about={"description": _DESCRIPTION, "credits": _CREDITS},
            metrics={
                "accuracy": round(float(accuracies.mean()), 4),
                "method": f"{_FOLDS}-fold cross-validation",
                "samples": len(wines.data),
            },
        )
    )
    print(f"wrote {done.folder}" if done.fresh else f"unchanged: {done.folder} serves the same")
    return done.folder


def _pipeline() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8, max_iter=1000))
