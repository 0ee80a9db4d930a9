"""What a trainer says to the server: JSON lines on stdout, and nothing else there."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn


class TrainingError(Exception):
    """Why a training cannot be done, in one sentence for the people who annotate."""


def fail(sentence: str) -> NoReturn:
    """Ends the training: `sentence` is what people are told."""
    raise TrainingError(sentence)


class Reports:
    """The way to the server. Progress never goes back.

    :param descriptor: an open file descriptor, which is written without a buffer
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._progress = 0.0

    @classmethod
    def on_stdout(cls) -> Reports:
        """Takes stdout away from everybody else: what libraries print there, in C too, goes to stderr."""
        own = os.dup(1)
        os.dup2(2, 1)
        # What was printed before goes to stderr with the rest.
        sys.stdout.flush()
        return cls(own)

    def progress(self, progress: float, message: str) -> None:
        """Tells how far the training is, 0 to 1, and what it does."""
        self._progress = max(self._progress, min(float(progress), 1.0))
        self._send({"progress": round(self._progress, 3), "message": message})

    def error(self, sentence: str) -> None:
        """Tells why there will be no version."""
        self._send({"error": " ".join(sentence.split())})

    def _send(self, report: dict[str, Any]) -> None:
        line = json.dumps(report).encode("ascii") + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]
