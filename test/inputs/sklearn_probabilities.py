"""What scikit-learn says of texts, by the very pipeline that the shipped sentiment model was exported from.

stdin:  one JSON string a line; the 3,000 sentences that it was trained on come before them
stdout: one JSON object a line: {"text": str, "probabilities": [negative, positive]}
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from labelstudio_train.sentiment import _search  # noqa: E402
from labelstudio_train.sentiment_data import load_sentences  # noqa: E402


def main() -> None:
    sentences, classes, _ = load_sentences(ROOT / ".cache")
    versions = sorted((ROOT / "models/sentiment/versions").iterdir())
    settings = json.loads((versions[-1] / "version.json").read_text())["metrics"]["settings"]
    pipeline = _search().estimator.set_params(
        features__min_df=settings["min_df"], classifier__C=settings["C"]
    )
    pipeline.fit(sentences, classes)
    texts = sentences + [json.loads(line) for line in sys.stdin]
    for text, row in zip(texts, pipeline.predict_proba(texts), strict=True):
        print(json.dumps({"text": text, "probabilities": row.tolist()}))


if __name__ == "__main__":
    main()
