"""What trainers hold out, and the chance that they share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch


class Chance(NamedTuple):
    """Numbers by chance, the same each time, and which rows are held out and which are learnt from."""

    rng: np.random.Generator
    held_out: np.ndarray
    known: np.ndarray


def begin(count: int, enough: int) -> Chance:
    """Makes the training of a network on some rows repeatable, and holds a tenth of them out.

    :param enough: with fewer rows all are learnt from
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    order = rng.permutation(count)
    tenth = count // 10 if count >= enough else 0
    return Chance(rng, order[:tenth], order[tenth:])
