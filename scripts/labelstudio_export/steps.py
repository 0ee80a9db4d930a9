"""Reads fitted preprocessing into steps of features.json."""

from __future__ import annotations

from typing import Any

import numpy as np

from .categories import category, read_one_hot, read_ordinal
from .context import Context, Data, Node, Raw, check_fitted, class_key
from .errors import ExportError
from .nodes import columns_node, union
from .text import (
    read_count_vectorizer,
    read_hashing_vectorizer,
    read_tfidf_transformer,
    read_tfidf_vectorizer,
)
from .transforms import TRANSFORMS

_VECTORIZERS = {
    "sklearn.CountVectorizer": read_count_vectorizer,
    "sklearn.TfidfVectorizer": read_tfidf_vectorizer,
    "sklearn.HashingVectorizer": read_hashing_vectorizer,
}
_OTHERS = {
    "sklearn.ColumnTransformer",
    "sklearn.FeatureUnion",
    "sklearn.SimpleImputer",
    "sklearn.TfidfTransformer",
}
_ENCODERS = {"sklearn.OneHotEncoder": read_one_hot, "sklearn.OrdinalEncoder": read_ordinal}


def step_keys() -> set[str]:
    """The classes of steps that can be read, as `<package>.<class>`."""
    return {*_VECTORIZERS, *_ENCODERS, *TRANSFORMS, *_OTHERS}


def read_steps(context: Context, steps: list[tuple[str, Any]], data: Data, where: str) -> Data:
    """What the named steps make of the data, one after the other."""
    fill: list[Any] | None = None
    kept = [(name, step) for name, step in steps if step is not None and step != "passthrough"]
    for index, (name, step) in enumerate(kept):
        place = f"{where}.{name}"
        following = class_key(kept[index + 1][1]) if index + 1 < len(kept) else ""
        if class_key(step) == "sklearn.SimpleImputer" and following in _ENCODERS and isinstance(data, Raw):
            fill = _category_fill(step, place)
            continue
        data = read_step(context, step, data, place, fill)
        fill = None
    return data


def read_step(context: Context, step: Any, data: Data, where: str, fill: list[Any] | None = None) -> Data:
    """What a fitted preprocessing step makes of its data.

    :param fill: what missing categories become first, for an encoder
    :raises ExportError: when the server cannot compute it, or it is not fitted
    """
    key = class_key(step)
    if key == "sklearn.Pipeline":
        return read_steps(context, step.steps, data, where)
    if key == "sklearn.FeatureUnion":
        return _read_union(context, step, data, where)
    if key == "sklearn.FunctionTransformer" and step.func is None:
        return data
    if key in _VECTORIZERS:
        return _read_vectorizer(context, step, data, where)
    check_fitted(step, where)
    if key == "sklearn.ColumnTransformer" and isinstance(data, Raw):
        return _read_columns(context, step, data, where)
    if key in _ENCODERS and isinstance(data, Raw) and data.columns is not None:
        for name, categories in zip(data.columns, step.categories_, strict=True):
            context.note_category(name, np.asarray(categories).tolist(), where)
        return columns_node([(data.columns, _ENCODERS[key](step, where, fill), None)])
    rows = context.numbers(data, where) if isinstance(data, Raw) else data
    if isinstance(rows, Node) and key == "sklearn.TfidfTransformer":
        return read_tfidf_transformer(step, context.files, where, rows)
    if isinstance(rows, Node) and key in TRANSFORMS:
        return TRANSFORMS[key](step, context.files, where, rows)
    name = f"{type(step).__module__}.{type(step).__qualname__}"
    raise ExportError(
        where, f"the server cannot compute {name} there", "use a step that scripts/README.md lists"
    )


def _read_vectorizer(context: Context, step: Any, data: Data, where: str) -> Node:
    node = _VECTORIZERS[class_key(step)](step, context.files, where)
    if isinstance(data, Raw) and data.columns is None:
        return node
    if isinstance(data, Raw) and data.single:
        (name,) = data.columns or ()
        context.note_column(name, "text", where)
        return columns_node([((name,), node, None)])
    raise ExportError(where, "it needs texts", "give it texts, or one text column by a ColumnTransformer")


def _read_union(context: Context, step: Any, data: Data, where: str) -> Node:
    weights = step.transformer_weights or {}
    nodes, used = [], []
    for name, transformer in step.transformer_list:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        if isinstance(transformer, str):
            nodes.append(context.numbers(data, where) if isinstance(data, Raw) else _node(data, where))
        else:
            made = read_step(context, transformer, data, f"{where}.{name}")
            nodes.append(_node(made, where))
        used.append(weights.get(name))
    return union(nodes, used)


def _read_columns(context: Context, step: Any, data: Raw, where: str) -> Node:
    """ColumnTransformer: its parts in their order, with the columns that it resolved when it was fitted."""
    if data.columns is None:
        raise ExportError(where, "it needs records with columns", "give it a DataFrame")
    weights = step.transformer_weights or {}
    nodes, used = [], []
    for name, transformer, columns in step.transformers_:
        names = _column_names(columns, data.columns, where)
        if not names or (isinstance(transformer, str) and transformer == "drop"):
            continue
        part = Raw(names, single=np.ndim(columns) == 0 and not isinstance(columns, slice))
        place = f"{where}.{name}"
        if isinstance(transformer, str) or _is_identity(transformer):
            nodes.append(context.numbers(part, place))
        else:
            made = read_step(context, transformer, part, place)
            nodes.append(context.numbers(made, place) if isinstance(made, Raw) else _node(made, place))
        used.append(weights.get(name))
    if not nodes:
        raise ExportError(where, "it uses no column", "give it columns")
    return nodes[0] if len(nodes) == 1 and used == [None] else union(nodes, used)


def _column_names(columns: Any, known: tuple[str, ...], where: str) -> tuple[str, ...]:
    """The names of a part's columns: given as names, positions, a slice or a mask."""
    if isinstance(columns, slice) and any(isinstance(end, str) for end in (columns.start, columns.stop)):
        start = 0 if columns.start is None else known.index(columns.start)
        stop = len(known) if columns.stop is None else known.index(columns.stop) + 1
        return known[start:stop]
    if isinstance(columns, slice):
        return known[columns]
    values = np.atleast_1d(np.asarray(columns, dtype=object)).tolist()
    if values and all(isinstance(value, bool | np.bool_) for value in values):
        return tuple(name for name, chosen in zip(known, values, strict=True) if chosen)
    names = [value if isinstance(value, str) else known[int(value)] for value in values]
    missing = [name for name in names if name not in known]
    if missing:
        raise ExportError(
            where, f"it takes the column {missing[0]!r}, which the data lack", "fit the pipeline again"
        )
    return tuple(names)


def _is_identity(transformer: Any) -> bool:
    return class_key(transformer) == "sklearn.FunctionTransformer" and transformer.func is None


def _node(data: Data, where: str) -> Node:
    if isinstance(data, Node):
        return data
    raise ExportError(where, "its parts do not make features", "give it vectorizers, encoders and scalers")


def _category_fill(step: Any, where: str) -> list[Any]:
    """What a SimpleImputer before an encoder puts where a category is missing."""
    check_fitted(step, where)
    missing = step.missing_values
    is_missing = missing is None or (isinstance(missing, float) and np.isnan(missing))
    if not is_missing or step.add_indicator:
        raise ExportError(
            where,
            "before an encoder it must fill missing values alone",
            "fit it without missing_values=, add_indicator=",
        )
    values = [category(value) for value in step.statistics_]
    if None in values:
        raise ExportError(where, "it drops a column without values", "leave that column out")
    return values
