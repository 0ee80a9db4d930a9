"""Writes a version if the server answers with it as the original does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .gate import compare, refusal
from .reference import Reference
from .samples import Samples
from .writer import Draft, same_content, staged


@dataclass(frozen=True)
class Original:
    """What a version is held against: the original's name and its answers to some samples, by output name."""

    name: str
    samples: Samples
    references: dict[str, Reference]
    tolerance: float


@dataclass(frozen=True)
class Exported:
    """A written version, or the one that already serves the same; and what the gate measured."""

    folder: Path
    fresh: bool
    parity: dict[str, Any]

    def told(self) -> str:
        """What was measured and written, in two lines for people."""
        rows, given = self.parity["rows"], self.parity["samples"]
        compared = (
            f"compared {rows} rows ({given} given) with the original: largest difference "
            f"{self.parity['largestDifference']:.1e} (tolerance {self.parity['tolerance']:.0e}), "
            f"same class on {self.parity['agreement']:.1%}"
        )
        wrote = f"wrote {self.folder}" if self.fresh else f"unchanged: {self.folder} serves the same"
        return f"{compared}\n{wrote}"


def write_checked(draft: Draft, original: Original, versions: Path) -> Exported:
    """Writes the version, unless one serves the same already.

    :param versions: the folder that gets the version's
    :raises ExportError: when the server answers otherwise than the original; nothing is left behind
    """
    with staged(versions, draft) as stage:
        comparison = compare(stage.folder, original.samples, original.references, original.tolerance)
        if len(comparison.failed):
            raise refusal(comparison, original.samples, original.name)
        parity = comparison.record(original.samples)
        known = same_content(versions, draft)
        folder = known or stage.commit(parity)
    return Exported(folder, known is None, parity)
