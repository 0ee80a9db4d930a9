"""Recordings of an accelerometer on somebody who rests, walks, runs and jumps, made by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .spans import Span

LABELS = ("Walk", "Run", "Jump")
CHANNELS = ("x", "y", "z")
# Steps a second.
RATE = 25
CREDITS = (
    "Trained on recordings that scripts/labelstudio_torch/gait_data.py makes by chance, and nothing else."
)


def recordings(
    count: int, seed: int, seconds: tuple[float, float] = (16, 24)
) -> tuple[list[np.ndarray], list[list[Span]]]:
    """Recordings [channels, steps] in g, 25 steps a second, with what is done in each.

    The sensor sits at any angle, and slips a little; everybody has a pace and a force of their own.
    The same seed makes the same recordings.

    :param seconds: the least and the most of a recording
    """
    chance = np.random.default_rng(seed)
    made = [_recording(chance, int(chance.uniform(*seconds) * RATE)) for _ in range(count)]
    return [series for series, _ in made], [spans for _, spans in made]


def _recording(chance: np.random.Generator, steps: int) -> tuple[np.ndarray, list[Span]]:
    # Up, forward and sideways, in g without gravity.
    body = np.zeros((3, steps))
    spans: list[Span] = []
    at = int(chance.uniform(0, 3) * RATE)
    while at < steps - RATE:
        label = str(chance.choice(LABELS))
        least, most = _LASTS[label]
        end = min(at + int(chance.uniform(least, most) * RATE), steps)
        time = np.arange(end - at) / RATE
        body[:, at:end] += _DOES[label](chance, time) * _swell(end - at)
        spans.append(Span(at, end, label))
        # Often one goes over into the next, without a rest between.
        at = end if chance.random() < 0.3 else end + int(chance.uniform(1, 4) * RATE)
    sway = _slow(chance, steps) * chance.uniform(0.01, 0.05)
    fidgets = _slow(chance, steps, 0.2) * chance.uniform(0.0, 0.08) * (_slow(chance, steps)[:1] > 1)
    body += sway + fidgets
    body[0] += 1
    tilted = _turn(chance) @ body + chance.normal(0, 0.02, (3, 1))
    return tilted + chance.normal(0, chance.uniform(0.01, 0.04), (3, steps)), spans


def _walk(chance: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Steps at 1.5 to 2.2 Hz, the weight going from side to side at half of that."""
    pace, force = chance.uniform(1.5, 2.2), chance.uniform(0.12, 0.4)
    return _strides(chance, time, pace, force, (1, 0.5, 0.35))


def _run(chance: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Steps at 2.4 to 3.3 Hz, harder, with a short blow each."""
    pace, force = chance.uniform(2.4, 3.3), chance.uniform(0.7, 1.5)
    strides = _strides(chance, time, pace, force, (1, 0.4, 0.2))
    strides[0] += force * 0.6 * np.maximum(np.cos(2 * np.pi * pace * time), 0) ** 6
    return strides


def _jump(chance: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Jumps that follow each other slowly: crouch, push, nothing weighs in the air, landing."""
    every, force = chance.uniform(0.7, 1.1), chance.uniform(1.4, 2.6)
    phase = (time / every + chance.random()) % 1
    up = np.where(phase < 0.2, -0.3 * np.sin(np.pi * phase / 0.2), 0.0)
    up += np.where((phase >= 0.2) & (phase < 0.38), force * np.sin(np.pi * (phase - 0.2) / 0.18), 0)
    up += np.where((phase >= 0.38) & (phase < 0.75), -1, 0)
    up += np.where(phase >= 0.75, 1.3 * force * np.exp(-((phase - 0.8) ** 2) / 0.006), 0)
    beside = 0.12 * up * chance.normal(0, 1, (2, 1))
    return np.vstack([up, beside])


def _strides(
    chance: np.random.Generator, time: np.ndarray, pace: float, force: float, sizes: Sequence[float]
) -> np.ndarray:
    """Up, forward and sideways of steps at a pace that changes a little."""
    turns = pace * time + 0.05 * np.sin(2 * np.pi * 0.3 * time + chance.uniform(0, 6))
    at = chance.uniform(0, 2 * np.pi, 4)
    up = np.cos(2 * np.pi * turns) + 0.35 * np.cos(4 * np.pi * turns + at[0])
    forward = np.sin(2 * np.pi * turns + at[1]) + 0.3 * np.sin(4 * np.pi * turns + at[2])
    sideways = np.sin(np.pi * turns + at[3])
    return force * np.vstack([size * each for size, each in zip(sizes, (up, forward, sideways), strict=True)])


def _swell(steps: int) -> np.ndarray:
    """Nobody starts or stops at once."""
    place = np.arange(steps)
    return np.clip(np.minimum(place + 1, steps - place) / (0.3 * RATE), 0, 1)


def _slow(chance: np.random.Generator, steps: int, seconds: float = 1) -> np.ndarray:
    """Noise [3, steps] that changes within so many seconds, of deviation 1."""
    width = int(seconds * RATE)
    noise = chance.normal(size=(3, steps + width - 1))
    return np.array([np.convolve(each, np.full(width, width**-0.5), "valid") for each in noise])


def _turn(chance: np.random.Generator) -> np.ndarray:
    """Any rotation, as likely as any other.

    Source: Mezzadri, How to generate random matrices from the classical compact groups, 2007.
    """
    turned, upper = np.linalg.qr(chance.normal(size=(3, 3)))
    turned = turned * np.sign(np.diagonal(upper))
    # A sensor is no mirror.
    turned[:, 2] *= np.linalg.det(turned)
    return turned


_LASTS = {"Walk": (3, 9), "Run": (3, 8), "Jump": (2.5, 6)}
_DOES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "Walk": _walk,
    "Run": _run,
    "Jump": _jump,
}
