"""Labels of texts, learnt on the vectors of an encoder of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from labelstudio_export.checked import Exported

from .export import TorchRequest, export_torch
from .sentence import SentenceClassifier, load_encoder, vectors
from .tasks import TASKS
from .text_rows import TextRows
from .tokenizers import HUGGING_FACE, read_tokenizer

# What sentence-transformers reads of a text for all-MiniLM-L6-v2.
MAX_TOKENS = 256
_TOGETHER = 32
_FOLDS = 5
# Texts that the trained and the served model are compared on, at most.
_COMPARED = 50
# Vectors of length 1 need a weaker penalty than scikit-learn's own.
_INVERSE_PENALTY = 10.0


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Texts with their labels (two or more, each of two texts or more), and what becomes of them.

    `encoder` is a folder with config.json, model.safetensors and tokenizer.json of a BERT, as Hugging Face
    has them.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    encoder: Path
    name: str
    repository: Path
    output: str = "label"
    title: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    max_tokens: int = MAX_TOKENS


def train_classifier(lesson: Lesson) -> Exported:
    """Trains logistic regression on the vectors of the texts, and exports it with the encoder as one graph.

    :raises ExportError: when the encoder cannot be read, or what would be served differs from it
    """
    texts, labels = list(lesson.texts), list(lesson.labels)
    known = sorted(set(labels))
    encoder = load_encoder(lesson.encoder)
    rows = TextRows(read_tokenizer(lesson.encoder / HUGGING_FACE), lesson.max_tokens)
    batches = [rows.feeds(texts[at : at + _TOGETHER]) for at in range(0, len(texts), _TOGETHER)]
    found = vectors(encoder, batches)
    head = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1000)
    count = min(_FOLDS, *(labels.count(label) for label in known))
    folds = StratifiedKFold(count, shuffle=True, random_state=0)
    accuracy = cross_val_score(head, found, labels, cv=folds).mean()
    print(f"held-out accuracy in {count} folds: {accuracy:.3f}")
    step = max(len(texts) // _COMPARED, 1)
    return export_torch(
        TorchRequest(
            model=_classifier(encoder, head.fit(found, labels)),
            task=TASKS["text-classification"](known),
            rows=rows,
            samples=texts[::step][:_COMPARED],
            output=lesson.output,
            name=lesson.name,
            repository=lesson.repository,
            title=lesson.title,
            about=lesson.about,
            metrics={
                "accuracy": round(float(accuracy), 4),
                "method": f"{count}-fold cross-validation",
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
