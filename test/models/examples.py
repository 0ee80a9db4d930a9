"""Runs the Python of models/README.md, each example in a folder of its own, and the export command it shows.

stdin:  one JSON object an example: {"folder", "code", "export"}: `export` are the words after the script
        `export_sklearn.py`, or null where the Python writes the version itself
stdout: one JSON object an example: {"tasks", "predicted", "classes"}: some rows as the data of tasks, what
        the model says of them, and the classes of each of its outputs (none for values); nothing of an
        example that has no model to ask.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

import numpy as np

TASKS = 12
sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from labelstudio_export.cli import main  # noqa: E402


def run(folder: str, code: str, export: list[str] | None) -> dict:
    """What the example's model says of some of its rows."""
    os.chdir(folder)
    names: dict = {}
    exec(code, names)
    if export is not None:
        with contextlib.redirect_stdout(sys.stderr):
            main(export)
    if "model" not in names:
        return {"tasks": [], "predicted": [], "classes": []}
    model, rows = names["model"], names["rows"].tail(TASKS)
    predicted = np.asarray(model.predict(rows.get("text", rows)))
    classes = getattr(model, "classes_", [])
    several = classes if isinstance(classes, list) else [classes]
    return {
        "tasks": rows.to_dict("records"),
        "predicted": predicted.tolist(),
        "classes": [np.asarray(each).tolist() for each in several if len(each)],
    }


for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
