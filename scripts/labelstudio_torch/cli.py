"""The command `export_torch.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from labelstudio_export.checked import Exported
from labelstudio_export.cli import check_name, names
from labelstudio_export.errors import ExportError
from labelstudio_export.table import read_csv, text_column

from .export import TorchRequest, export_torch
from .load import load_model
from .tasks import TASKS
from .text_rows import MAX_TOKENS, TextRows
from .tokenizers import read_tokenizer

_ROOT = Path(__file__).resolve().parents[2]


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
        prog="export_torch.py",
        description="Export a PyTorch model as a model version that the server serves with the same numbers, "
        "or refuse and say why. The Python file is run, so it must be one that you trust.",
    )
    add = parser.add_argument
    add("model", metavar="FILE.py:FUNCTION", help="a function without arguments that builds the model")
    add("--weights", required=True, type=Path, metavar="FILE.pt", help="torch.save(model.state_dict(), FILE)")
    add("--name", required=True, help="the model's name: its folder in the repository")
    add("--task", required=True, choices=TASKS, help="what the model is for")
    add("--labels", required=True, type=names, metavar="A,B", help="names of the classes, in their order")
    add("--samples", required=True, type=Path, metavar="ROWS.csv", help="rows to compare the two models on")
    add("--text-column", metavar="NAME", help="the column that holds the texts")
    add(
        "--tokenizer",
        required=True,
        type=Path,
        metavar="FILE.json",
        help="a words.json, or a tokenizer.json of Hugging Face",
    )
    add("--max-tokens", type=int, default=MAX_TOKENS, help="the most tokens of a row (default %(default)s)")
    add("--overlap", type=int, help="tokens that two windows of a longer text share (default: no windows)")
    add(
        "--control",
        metavar="TAG",
        help="the control tag that it fills (default: Labels, or Choices for texts)",
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


def run(options: argparse.Namespace) -> Exported:
    """Exports what the options ask for.

    :raises ExportError: when it cannot be done
    """
    check_name(options.name)
    task = TASKS[options.task](options.labels)
    rows = TextRows(read_tokenizer(options.tokenizer), options.max_tokens, options.overlap)
    samples = text_column(read_csv(options.samples), options.text_column, str(options.samples))
    return export_torch(
        TorchRequest(
            model=load_model(options.model, options.weights),
            task=task,
            rows=rows,
            samples=samples,
            name=options.name,
            repository=options.repository,
            control=options.control,
            title=options.title,
        )
    )
