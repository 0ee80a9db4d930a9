"""Columns to labels or a number: a linear model, or boosted trees where they do better."""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .columns import Columns
from .job import Job
from .reports import fail
from .scores import cross_validate
from .targets import Targets

# With fewer rows trees have nothing to split; with more classes they are many.
_TREES_FROM = 100
_TREES_CLASSES = 10


def train(job: Job) -> None:
    """Trains on the columns of the tasks that numbers and categories are found in."""
    if job.options:
        fail(f"the option {min(job.options)!r} in model.json is not known: this trainer has none")
    targets = Targets.read([example.target for example in job.examples])
    records = [example.value for example in job.examples]
    columns = Columns.find(records)
    if not columns.names:
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in columns.left_out.items())
        fail(f"the tasks' data have no numbers or categories to learn from ({reasons or 'they are empty'})")
    table = columns.table(records)
    told = f"on {len(records)} rows of {len(columns.names)} columns"
    job.report(0.1, f"measuring {told}")
    models = candidates(columns, targets)
    measured: dict[str, dict[str, Any]] = {}
    for before, (name, model) in enumerate(models.items()):

        def tell(done: float, before: int = before) -> None:
            job.report(0.1 + 0.5 * (before + done) / len(models), f"measuring {told}")

        measured[name] = cross_validate(model, lambda rows: table.iloc[rows], targets, tell)
    best = max(measured, key=lambda name: _score(measured[name]))
    job.report(0.65, f"fitting {best} {told}")
    model = models[best].fit(table, targets.y)
    metrics = measured[best] | {"model": best, "leftOut": columns.left_out}
    labels = [targets.labels] if targets.labels else []
    job.write(model, columns.records(records), labels, metrics, columns.optional)


def candidates(columns: Columns, targets: Targets) -> dict[str, Any]:
    """What may suit the rows, by name; the first is taken when others are no better."""
    if targets.kind == "value":
        models: dict[str, Any] = {"ridge regression": Ridge()}
        trees: Any = HistGradientBoostingRegressor(random_state=0)
    else:
        models = {"logistic regression": LogisticRegression(max_iter=1000)}
        trees = HistGradientBoostingClassifier(random_state=0)
    if targets.kind == "multiple":
        models = {name: OneVsRestClassifier(model) for name, model in models.items()}
    elif len(targets.y) >= _TREES_FROM and len(targets.labels) <= _TREES_CLASSES:
        models["boosted trees"] = trees
    return {name: make_pipeline(_features(columns), model) for name, model in models.items()}


def _features(columns: Columns) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [("numbers", numbers, columns.numbers), ("categories", categories, columns.categories)]
    )


def _score(metrics: dict[str, Any]) -> float:
    """The first of the metrics; 0 where nothing could be measured."""
    first = next(iter(metrics.values()))
    return first if isinstance(first, float) else 0.0
