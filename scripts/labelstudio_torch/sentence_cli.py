"""The command `train_embeddings.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from labelstudio_export.checked import Exported
from labelstudio_export.cli import check_name
from labelstudio_export.errors import ExportError
from labelstudio_export.table import read_csv, text_column

from .export import TorchRequest, export_torch
from .sentence import SentenceClassifier, load_encoder, vectors
from .tasks import TASKS
from .text_rows import TextRows
from .tokenizers import HUGGING_FACE, read_tokenizer

# What sentence-transformers reads of a text for all-MiniLM-L6-v2.
MAX_TOKENS = 256
_ROOT = Path(__file__).resolve().parents[2]
_TOGETHER = 32
_FOLDS = 5
# Texts that the trained and the served model are compared on, at most.
_COMPARED = 50
# Vectors of length 1 need a weaker penalty than scikit-learn's own.
_INVERSE_PENALTY = 10.0


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
    encoder = load_encoder(options.encoder)
    rows = TextRows(read_tokenizer(options.encoder / HUGGING_FACE), options.max_tokens)
    batches = [rows.feeds(texts[at : at + _TOGETHER]) for at in range(0, len(texts), _TOGETHER)]
    found = vectors(encoder, batches)
    head = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1000)
    folds = StratifiedKFold(min(_FOLDS, least), shuffle=True, random_state=0)
    accuracy = cross_val_score(head, found, labels, cv=folds).mean()
    print(f"held-out accuracy in {folds.get_n_splits()} folds: {accuracy:.3f}")
    return export_torch(
        TorchRequest(
            model=_classifier(encoder, head.fit(found, labels)),
            task=TASKS["text-classification"](known),
            rows=rows,
            samples=texts[:_COMPARED],
            name=options.name,
            repository=options.repository,
            title=options.title,
            metrics={
                "accuracy": round(float(accuracy), 4),
                "method": f"{folds.get_n_splits()}-fold cross-validation",
                "samples": len(texts),
            },
        )
    )


def _classifier(encoder: torch.nn.Module, head: LogisticRegression) -> SentenceClassifier:
    weight, bias = head.coef_, head.intercept_
    if len(head.classes_) == 2:
        # One number, of the second class: halves of it are two logits of the same probabilities.
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    model = SentenceClassifier(encoder, len(head.classes_))
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weight))
        model.head.bias.copy_(torch.from_numpy(bias))
    return model
