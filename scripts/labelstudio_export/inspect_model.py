"""What a fitted model takes: texts or records, and which columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .context import class_key
from .errors import ExportError

_TEXT = {"sklearn.CountVectorizer", "sklearn.TfidfVectorizer", "sklearn.HashingVectorizer"}
_INSIDE = ("best_estimator_", "estimator_", "regressor_", "estimator", "base_estimator")
_LISTS = ("estimators_", "calibrated_classifiers_")


def first_steps(model: Any) -> Iterator[Any]:
    """The parts of a model that get its raw data."""
    key = class_key(model)
    if key == "sklearn.Pipeline":
        steps = [step for _, step in model.steps if step is not None and step != "passthrough"]
        if steps:
            yield from first_steps(steps[0])
        return
    if key == "sklearn.FeatureUnion":
        for _, step in model.transformer_list:
            if not isinstance(step, str):
                yield from first_steps(step)
        return
    inside = [getattr(model, name) for name in _INSIDE if hasattr(model, name)]
    for name in _LISTS:
        members = getattr(model, name, None)
        if isinstance(members, list | tuple):
            inside += [member for member in members if not isinstance(member, str)]
    inside = [member for member in inside if hasattr(member, "get_params") or hasattr(member, "estimator")]
    if inside and key != "sklearn.ColumnTransformer":
        yield from first_steps(inside[0])
        return
    yield model


def expects_texts(model: Any) -> bool:
    """Whether the model takes texts; else it takes records."""
    return any(class_key(step) in _TEXT for step in first_steps(model))


def fitted_columns(model: Any, samples: Sequence[Any]) -> tuple[str, ...]:
    """The names of the columns that a model was fitted with; those of the samples when it has no names.

    :raises ExportError: when the samples do not have them
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = next(
            (s.feature_names_in_ for s in first_steps(model) if hasattr(s, "feature_names_in_")), None
        )
    given = list(samples[0]) if samples else []
    if names is not None and class_key(model).startswith("lightgbm."):
        # LightGBM writes spaces as underscores.
        original = {re.sub(r"\s", "_", name): name for name in given}
        names = [original.get(name, name) for name in names]
    if names is not None:
        strange = [name for name in names if not isinstance(name, str)]
        if strange:
            raise ExportError(
                "the model", f"its column {strange[0]!r} has no text for a name", "fit it again"
            )
        missing = [name for name in names if name not in given]
        if missing:
            raise ExportError(
                "--samples",
                f"the column {str(missing[0])!r} is missing; it has {given}",
                "add the columns of the fit",
            )
        return tuple(str(name) for name in names)
    count = getattr(model, "n_features_in_", None)
    if count is None:
        count = next(
            (s.n_features_in_ for s in first_steps(model) if hasattr(s, "n_features_in_")), len(given)
        )
    if count != len(given):
        raise ExportError(
            "--samples",
            f"it has {len(given)} columns {given}, and the model was fitted with {count}, without names",
            "give those columns, in their order, with a line of names",
        )
    return tuple(given)
