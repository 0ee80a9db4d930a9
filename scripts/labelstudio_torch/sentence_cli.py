"""The command `train_embeddings.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from labelstudio_export.checked import Exported
from labelstudio_export.cli import check_name
from labelstudio_export.errors import ExportError
from labelstudio_export.table import read_csv, text_column

from .sentence_training import MAX_TOKENS, Lesson, train_classifier

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
        prog="train_embeddings.py",
        description="Train logistic regression on the vectors of an encoder of sentences, and export both as "
        "one graph, which fills Choices.",
    )
    add = parser.add_argument
    add("rows", type=Path, metavar="ROWS.csv", help="labelled texts")
    add(
        "--encoder",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="config.json, model.safetensors and tokenizer.json of a BERT, as Hugging Face has them",
    )
    add("--name", required=True, help="the model's name: its folder in the repository")
    add("--label-column", required=True, metavar="NAME", help="the column that holds the labels")
    add("--text-column", metavar="NAME", help="the column that holds the texts")
    add("--max-tokens", type=int, default=MAX_TOKENS, help="the most tokens of a text (default %(default)s)")
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
    """Trains and exports what the options ask for.

    :raises ExportError: when it cannot be done
    """
    check_name(options.name)
    table = read_csv(options.rows)
    labels = text_column(table, options.label_column, str(options.rows))
    texts = text_column(
        [{name: value for name, value in row.items() if name != options.label_column} for row in table],
        options.text_column,
        str(options.rows),
    )
    known = sorted(set(labels))
    least = min(labels.count(label) for label in known)
    if len(known) < 2 or least < 2:
        what = f"{len(known)} labels, the rarest of {least} texts"
        raise ExportError(str(options.rows), what, "give two labels or more, each of two texts or more")
    return train_classifier(
        Lesson(
            texts=texts,
            labels=labels,
            encoder=options.encoder,
            name=options.name,
            repository=options.repository,
            title=options.title,
            max_tokens=options.max_tokens,
        )
    )
