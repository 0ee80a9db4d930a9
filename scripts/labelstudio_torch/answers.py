"""What `forward` returns, read as models of the field return it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from labelstudio_export.errors import ExportError


def part(answer: Any, name: str) -> torch.Tensor | None:
    """The tensor of that name in a mapping or an object such as those of Hugging Face; None: it has none."""
    found = answer.get(name) if isinstance(answer, Mapping) else getattr(answer, name, None)
    return found if isinstance(found, torch.Tensor) else None


def one_tensor(answer: Any) -> torch.Tensor:
    """The one tensor of an answer: itself, or its `logits`.

    :raises ExportError: when it is neither
    """
    found = answer if isinstance(answer, torch.Tensor) else part(answer, "logits")
    if found is None:
        todo = "let it return one tensor, or a mapping with 'logits'"
        raise ExportError("forward()", f"it returns {type(answer).__name__}", todo)
    return found


def activated(numbers: torch.Tensor, activation: str | None) -> torch.Tensor:
    """Numbers along the last axis as probabilities: by `softmax`, by `sigmoid`, or as they are."""
    if activation == "softmax":
        return torch.softmax(numbers, dim=-1)
    return torch.sigmoid(numbers) if activation == "sigmoid" else numbers
