"""A small segmenter of time series: what their channels do around a step says which label it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .held_out import begin
from .series_rows import Scale, SeriesRows
from .spans import Span
from .tasks import SeriesSegmentation

STEPS = 1024
_DILATIONS = (1, 2, 4, 8, 16, 32)
# What a step is told by reaches so far to both sides; windows share as much.
OVERLAP = 2 * (2 + sum(_DILATIONS))
_BATCH, _CROP = 8, 512
# Batches that are learnt from: few series are learnt from often, many at least about once.
_ROUNDS, _MOST_ROUNDS = 240, 2_000
_RATE = 4e-3
# Series of which a tenth can be held out to measure what was learnt; with fewer all are learnt from.
_ENOUGH = 20
# Noise that is added while it learns, in deviations of a channel, so that few series are not learnt by
# heart.
_NOISE = 0.05
# Where there is no step to learn the label of.
_NOTHING = -100


class Segmenter(nn.Module):
    """Convolutions over neighbours up to 65 steps away, each added to what was there before.

    The ends of a series are zeros to each convolution, so that it changes nothing what fills a row up.
    """

    def __init__(self, channels: int, classes: int, width: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, width, 5, padding=2)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation) for dilation in _DILATIONS
        )
        self.last = nn.Conv1d(width, classes, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        """Logits [rows, classes, steps] of scaled channels [rows, channels, steps]."""
        return self.scores(series, None)

    def scores(self, series: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The same of rows of several lengths.

        :param mask: [rows, 1, steps], 0 for what fills a row up; None: nothing does
        """
        states = torch.relu(self.first(series))
        for layer in self.layers:
            known = states if mask is None else states * mask
            states = states + self.drop(torch.relu(layer(known)))
        return self.last(states)


@dataclass(frozen=True)
class Fitted:
    """A segmenter that has learnt, and its F1 on series held out, None if there were none."""

    net: Segmenter
    rows: SeriesRows
    task: SeriesSegmentation
    f1: float | None
    held_out: int

    def classes(self, series: np.ndarray) -> np.ndarray:
        """The class of each step of a series [channels, steps], 0 for none of the labels."""
        return _classes(self.net, self.rows, series)


def fit(
    series: Sequence[np.ndarray],
    spans: Sequence[Sequence[Span]],
    labels: Sequence[str],
    channels: Sequence[str],
    told: Callable[[float], None] = lambda _: None,
) -> Fitted:
    """Teaches a segmenter to find such parts. The same series give the same segmenter.

    :param series: of each the numbers [channels, steps], in any unit
    :param spans: of each its parts, in steps; of those that share some the one that begins last has them
    :param labels: those of the parts
    :param told: gets how far it is, 0 to 1
    """
    rng, held_out, known = begin(len(series), _ENOUGH)
    count = len(held_out)
    rows = SeriesRows(channels, STEPS, OVERLAP, scale=_scale([series[at] for at in known]))
    wanted = [classes_of(each.shape[1], marked, labels) for each, marked in zip(series, spans, strict=True)]
    net = Segmenter(len(channels), len(labels) + 1)
    scaled = [_scaled(rows, each) for each in series]
    sizes = np.array([scaled[at].shape[1] for at in known])
    rounds = int(np.clip(sizes.sum() // (_BATCH * _CROP), _ROUNDS, _MOST_ROUNDS))
    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=0.01)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, rounds)
    loss = nn.CrossEntropyLoss(_weights([wanted[at] for at in known], len(labels) + 1), ignore_index=_NOTHING)
    for number in range(rounds):
        chosen = rng.choice(known, _BATCH, p=sizes / sizes.sum())
        numbers, mask, classes = _batch([(scaled[at], wanted[at]) for at in chosen], rng)
        noisy = (numbers + _NOISE * torch.randn(numbers.shape)) * mask
        optimizer.zero_grad()
        loss(net.scores(noisy, mask), classes).backward()
        optimizer.step()
        slower.step()
        told((number + 1) / rounds)
    net.eval()
    f1 = None
    if count:
        f1 = step_f1([wanted[at] for at in held_out], [_classes(net, rows, series[at]) for at in held_out])
    background = _background(labels)
    return Fitted(net, rows, SeriesSegmentation([background, *labels], background), f1, count)


def classes_of(count: int, spans: Sequence[Span], labels: Sequence[str]) -> np.ndarray:
    """The class of each step: 0 for none, else the number of its label from 1.

    >>> classes_of(5, [Span(0, 4, "Walk"), Span(2, 3, "Run")], ["Run", "Walk"]).tolist()
    [2, 2, 1, 2, 0]
    """
    classes = np.zeros(count, dtype=np.int64)
    for start, end, label in sorted(spans, key=lambda span: (span.start, -span.end)):
        classes[start:end] = labels.index(label) + 1
    return classes


def step_f1(expected: Sequence[np.ndarray], got: Sequence[np.ndarray]) -> float:
    """F1 over the labels of steps. 1 where there are none and none were found."""
    right = sum(int(((a == b) & (a > 0)).sum()) for a, b in zip(expected, got, strict=True))
    every = sum(int((each > 0).sum()) for each in (*expected, *got))
    return 1.0 if every == 0 else 2 * right / every


def _background(labels: Sequence[str]) -> str:
    """A name for no label that is none of them."""
    name = "none"
    while name in labels:
        name += "_"
    return name


def _scale(series: Sequence[np.ndarray]) -> Scale:
    """The mean and the deviation of each channel; a channel that never changes has 1."""
    steps = np.concatenate(series, axis=1)
    std = steps.std(axis=1)
    return Scale(steps.mean(axis=1).tolist(), np.where(std > 0, std, 1).tolist())


def _scaled(rows: SeriesRows, series: np.ndarray) -> torch.Tensor:
    """All steps of a series as the model gets them, float32."""
    return torch.from_numpy(rows.scaled(series))


def _weights(classes: Sequence[np.ndarray], count: int) -> torch.Tensor:
    """Rare classes count more, though not as much more as they are rarer."""
    counts = np.bincount(np.concatenate(classes), minlength=count)
    return torch.tensor(1 / np.sqrt(np.maximum(counts, 1)), dtype=torch.float32)


def _batch(
    chosen: Sequence[tuple[torch.Tensor, np.ndarray]], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A part of each series by chance, what of a row is filled, and the classes."""
    size = min(_CROP, max(numbers.shape[1] for numbers, _ in chosen))
    batch = torch.zeros(len(chosen), chosen[0][0].shape[0], size)
    mask = torch.zeros(len(chosen), 1, size)
    classes = torch.full((len(chosen), size), _NOTHING)
    for row, (numbers, wanted) in enumerate(chosen):
        first = int(rng.integers(max(numbers.shape[1] - size, 0) + 1))
        part = numbers[:, first : first + size]
        batch[row, :, : part.shape[1]] = part
        mask[row, :, : part.shape[1]] = 1
        classes[row, : part.shape[1]] = torch.from_numpy(wanted[first : first + size])
    return batch, mask, classes


def _classes(net: Segmenter, rows: SeriesRows, series: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return net(_scaled(rows, series)[None])[0].argmax(dim=0).numpy()
