"""The command `export_sklearn.py`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from .checked import Exported
from .errors import ExportError
from .export import Request, export
from .inspect_model import expects_texts
from .load import load_model
from .table import read_csv, text_column

_ROOT = Path(__file__).resolve().parents[2]
# As the server's registry has it: safe in a URL and in a file system.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; on bad input prints one line and exits with code 1."""
    options = _parser().parse_args(arguments)
    try:
        exported = run(options)
    except ExportError as error:
        sys.exit(f"error: {error}")
    print(exported.told())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="export_sklearn.py",
        description="Export a fitted scikit-learn pipeline as a model version that the server serves with "
        "the same numbers, or refuse and say why. The pickle is loaded, so it must be one that you trust.",
    )
    add = parser.add_argument
    add(
        "pipeline",
        type=Path,
        metavar="PIPELINE.joblib",
        help="the fitted pipeline, saved with joblib or pickle",
    )
    add("--name", required=True, help="the model's name: its folder in the repository")
    add("--samples", required=True, type=Path, metavar="ROWS.csv", help="rows to compare the two models on")
    add(
        "--text-column",
        metavar="NAME",
        help="the column that holds the texts, for a pipeline that takes texts",
    )
    add(
        "--labels",
        action="append",
        type=names,
        default=[],
        metavar="A,B",
        help="names of the classes, in the order of classes_; once for each output that has classes",
    )
    add(
        "--outputs",
        type=names,
        default=[],
        metavar="X,Y",
        help="names of the outputs of a model with several",
    )
    add(
        "--controls",
        type=names,
        default=[],
        metavar="TAG,TAG",
        help="the control tag that each output fills (default: Choices for classes, Number for values)",
    )
    add("--title", help="a line for people (default: the name)")
    add(
        "--repository",
        type=Path,
        default=_ROOT / "models",
        metavar="DIR",
        help="default: the project's models",
    )
    return parser


def names(text: str) -> list[str]:
    """The names of a list with commas."""
    return [part.strip() for part in text.split(",")]


def check_name(name: str) -> None:
    """:raises ExportError: when it is no name of a model."""
    if not _NAME.fullmatch(name):
        raise ExportError(
            "--name",
            f"{name!r} is no model name",
            "use up to 64 of a-z 0-9 . _ -, a letter or digit first",
        )


def run(options: argparse.Namespace) -> Exported:
    """Exports what the options ask for.

    :raises ExportError: when it cannot be done
    """
    check_name(options.name)
    model = load_model(options.pipeline)
    rows = read_csv(options.samples)
    samples: Any = rows
    if expects_texts(model):
        samples = text_column(rows, options.text_column, str(options.samples))
    return export(
        Request(
            model=model,
            samples=samples,
            name=options.name,
            repository=options.repository,
            labels=options.labels,
            outputs=options.outputs,
            controls=options.controls,
            title=options.title,
        )
    )
