"""Fits the models of `families.py`, exports each through the parity gate, and writes what scikit-learn says.

stdin:  one JSON object: {"repository": the folder that the models are written to}
stdout: one JSON object a model: {"name", "model", "texts", "rows", "targets"} or {"name", "refused"}.
        `model` is the folder's name, `rows` the data of tasks that the export never saw, `targets` the
        model's own answers for each output, one entry a row:
        {"numbers": [[...]] | null, "chosen": [[label, ...]] | null}.
        `numbers` is `predict_proba`, else `decision_function`, else `predict`; `chosen` is `predict`, null
        for values. The last line is {"unused": [...], "controls": [...]}: the models that the exporter
        knows and no family has, and the controls that it knows.
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

# On tables this small threads only wait for each other.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from data import SAMPLES, Data
from families import families
from labelstudio_export import context
from labelstudio_export.controls import CONTROLS
from labelstudio_export.errors import ExportError
from labelstudio_export.export import Request, export


def build(number: int, name: str, model: Any, data: Data, repository: Path) -> dict[str, Any]:
    """Fits, exports and asks one model."""
    texts = isinstance(data.fit, list)
    model.fit(data.fit, data.target)
    folder = f"{number}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"[:64]
    samples = data.fit[:SAMPLES] if texts else data.fit.head(SAMPLES).to_dict("records")
    try:
        export(Request(model=model, samples=samples, name=folder, repository=repository))
    except ExportError as error:
        return {"name": name, "refused": str(error)}
    rows = [{"text": text} for text in data.held_out] if texts else _records(data.held_out)
    return {
        "name": name,
        "model": folder,
        "texts": texts,
        "rows": rows,
        "targets": answers(model, data.held_out),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    # What a form or a spreadsheet sends: every other row has its numbers as text, and holes are empty.
    return [
        {
            column: None if np.isnan(number) else repr(float(number)) if index % 2 else float(number)
            for column, number in row.items()
        }
        for index, row in enumerate(frame.to_dict("records"))
    ]


def answers(model: Any, rows: Any) -> list[dict[str, Any]]:
    """What scikit-learn says of some rows, for each output of the version."""
    predicted = model.predict(rows)
    if not hasattr(model, "classes_") and not hasattr(model, "predict_proba"):
        columns = np.asarray(predicted, dtype=float).reshape(len(predicted), -1).T
        return [{"numbers": column[:, None].tolist(), "chosen": None} for column in columns]
    numbers = _numbers(model, rows)
    if predicted.ndim == 1:
        return [{"numbers": _listed(numbers), "chosen": [[str(label)] for label in predicted.tolist()]}]
    if predicted.dtype.kind in "OU":
        return [
            {"numbers": _listed(part), "chosen": [[str(label)] for label in predicted[:, target].tolist()]}
            for target, part in enumerate(numbers)
        ]
    if isinstance(numbers, list):
        numbers = np.stack([part[:, 1] for part in numbers], axis=1)
    return [
        {
            "numbers": _listed(numbers),
            "chosen": [[str(at) for at in np.flatnonzero(row)] for row in predicted],
        }
    ]


def _numbers(model: Any, rows: Any) -> Any:
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            told = getattr(model, method)(rows)
            # One column a class, as everywhere else.
            return (
                np.stack([-told, told], axis=1) if isinstance(told, np.ndarray) and told.ndim == 1 else told
            )
    return None


def _listed(numbers: Any) -> list[list[float]] | None:
    return None if numbers is None else np.asarray(numbers, dtype=float).tolist()


def main() -> None:
    """Builds them all."""
    repository = Path(json.loads(sys.stdin.readline())["repository"])
    used: set[str] = set()
    emit = context.Context.emit

    def noted(self: Any, model: Any, *rest: Any) -> Any:
        used.add(context.class_key(model))
        return emit(self, model, *rest)

    context.Context.emit = noted  # type: ignore[method-assign]
    warnings.simplefilter("ignore")
    for number, (name, model, data) in enumerate(families(), start=1):
        print(json.dumps(build(number, name, model, data, repository)), flush=True)
    print(json.dumps({"unused": sorted(context.emitter_keys() - used), "controls": CONTROLS}))


main()
