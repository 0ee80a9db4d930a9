"""Fits scikit-learn's text vectorizers and writes what they compute, for a comparison with the server's own.

    python sklearn_features.py FOLDER

Each configuration becomes `FOLDER/<name>/` with features.json and its files, as the exporter writes them, and
`expected.json`: the texts and their rows, `[indices, values]` each, or null where scikit-learn raises.
"""

from __future__ import annotations

import json
import random
import sys
import unicodedata
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import FeatureUnion, make_pipeline

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from labelstudio_export.files import VersionFiles, dump_json
from labelstudio_export.nodes import Node, union
from labelstudio_export.text import (
    read_count_vectorizer,
    read_hashing_vectorizer,
    read_tfidf_transformer,
    read_tfidf_vectorizer,
)
from labelstudio_export.unicode_tables import unicode_tables

GROUPS = {
    "ascii": [
        "The quick brown fox jumps over the lazy dog",
        "A b C dd EE fff",
        "x",
        "akqlrggi auozubow bvjdyqjc",
    ],  # hashes of -2**31
    "punctuation": [
        "Hello, world! (yes?) [no]; it's -- done...",
        "e.g. rock-n-roll, don't stop",
        "!!!",
        "a,b,c,,d",
    ],
    "digits": ["1 22 333 4444 v2.0.1 3rd", "\u0661\u0662\u0663 \u00bd \u2167 x\u00b2 \u2460 \u0967\u0968"],
    "underscores": ["snake_case __init__ _ __ a_b _x"],
    "accents": [
        "Café déjà vu naïve Ångström ÉCOLE",
        "crème brûlée CRÈME BRÛLÉE",
        "Zoë señor Ñandú ÆØÅ ß ẞ œ",
    ],
    "cyrillic": ["Съешь же ещё этих мягких французских булок", "ЁЛКА ёлка Й й Ї"],
    "greek": [
        "ΟΔΟΣ ΟΔΥΣΣΕΥΣ Σ ΑΣ ΣΑ ΑΣ. ΑΣ\u0301 ΑΣ-Β Α\u00b7Σ ΑΣ\u00b7 ΑΣ:Β \u2160Σ Σ\u0345",
        "Καλημέρα κόσμε ΆΣ ς",
    ],
    "turkish": ["İstanbul ISPARTA ıspanak İİ I\u0307 iğne ĞÜŞ", "DİYARBAKIR"],
    "arabic": ["السلام عليكم ورحمة الله", "مَرْحَبًا بِالعَالَم ﷺ ﻻ"],
    "devanagari": ["नमस्ते दुनिया हिन्दी क्षत्रिय", "क़ ज़ फ़ ऩ"],
    "chinese": ["我喜欢自然语言处理。你好，世界！", "㈱ ㌔ 豈 𠀀𠀁 〇"],
    "japanese": ["こんにちは世界 カタカナ ﾊﾝｶｸ ガギグ ｶﾞ", "ー々〆 ヽヾ"],
    "thai": ["สวัสดีชาวโลก ภาษาไทย ำ น้ำ"],
    "hangul": ["안녕하세요 세계 한국어", "\u1112\u1161\u11ab \u3131 \uffa1"],
    "emoji": ["I ❤️ you 😀👩‍👩‍👧‍👦 🇩🇪 👍🏽 ok", "😀😀 a😀b 😀", "🅰 ① ⓐ Ⓐ 🄰"],
    "combining": [
        "e\u0301 \u0301e a\u0323\u0307 a\u0307\u0323 q\u0344 \u0f73\u0f71 x\u302e",
        "n\u0303o n\u0303 \u20dd \u0345Σ",
    ],
    "nbsp": [
        "a\u00a0b\u00a0\u00a0cc \u2009dd\u202fee\u3000ff\u205fgg \u1680hh",
        "\u200bzero\u200bwidth \u180e \u2060x",
    ],
    "tabs": [
        "one\ttwo\nthree\r\nfour\x0bfive\x0csix  seven \t eight",
        "\n\n\n",
        "a\u2028b\u2029c\x85d\x1ce\x1f\x1ff",
    ],
    "bom": ["\ufeffstart with bom", "mid\ufeffdle \ufeff \ufeff\ufeff"],
    "control": ["nul\x00in\x00side \x01\x02 del\x7f esc\x1b[0m", "\x00", "\x00\x00 \x80\x9f"],
    "empty": [""],
    "blank": [" ", "   ", "\t\n ", "\u00a0", "\u3000\u3000"],
    "surrogates": ["half \ud800 pair", "\udc00\ud800", "a\ud83d b\ude00c", "\ud800"],
}

SENTENCES = [
    "The new york times is a new paper about new york and old york",
    "this film was not good but the film was not bad at all",
    "good good very good film, not a bad film",
    "the lazy dog and the quick brown fox are in the new film",
    "New York, new york! It's a film: snake_case and v2.0.1",
    "mail me at some.one@example.org or other-one@example.com, please",
    "das ist ein schöner Film, der mir sehr gefällt",
    "съешь же ещё этих булок да выпей чаю",
    "我喜欢 这部 电影 我喜欢",
]


def random_texts(seed: int, count: int) -> list[str]:
    """Texts of random characters of all scripts, dense in the ones that are treated specially."""
    rng = random.Random(seed)
    assigned = [chr(c) for c in range(0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    cased = [c for c in assigned if c.lower() != c or c.upper() != c]
    marks = [c for c in assigned if unicodedata.category(c).startswith("M")]
    spaces = [c for c in assigned if c.isspace()]
    composed = [c for c in assigned if unicodedata.normalize("NFKD", c) != c]
    unknown = [chr(c) for c in range(0x20000) if unicodedata.category(chr(c)) == "Cn"]
    words = " ".join(SENTENCES).split()
    pools = [
        assigned,
        cased,
        marks,
        spaces,
        composed,
        unknown,
        list("abcXYZ019_ .,-'"),
        ["Σ", "σ", "İ", "ı"],
        words,
        [" "],
    ]
    weights = [4, 4, 3, 2, 4, 1, 8, 2, 6, 8]
    texts = []
    for _ in range(count):
        chosen = rng.choices(pools, weights, k=rng.randrange(1, 60))
        texts.append("".join(rng.choice(pool) for pool in chosen))
    return texts


HARD = [text for group in GROUPS.values() for text in group]
LONG = " ".join(random.Random(5).choices(" ".join(SENTENCES + HARD[:12]).split(), k=170_000))[:1_000_000]
VALID = [text for text in HARD if not any(0xD800 <= ord(character) < 0xE000 for character in text)]
LINES = SENTENCES * 2 + HARD + random_texts(1, 60)

WORDS = {
    "default": TfidfVectorizer(),
    "single-letters-and-trigrams": TfidfVectorizer(token_pattern=r"(?u)\b\w\w+\b|\w", ngram_range=(1, 3)),
    "sublinear": TfidfVectorizer(sublinear_tf=True),
    "stop-words": TfidfVectorizer(stop_words="english", ngram_range=(1, 2)),
    "max-features": TfidfVectorizer(max_features=60, ngram_range=(1, 2)),
    "min-df": TfidfVectorizer(min_df=2, ngram_range=(1, 2)),
    "binary-l1": TfidfVectorizer(binary=True, norm="l1"),
    "no-norm-no-idf": TfidfVectorizer(norm=None, use_idf=False),
    "accents-unicode": TfidfVectorizer(strip_accents="unicode"),
    "accents-ascii": TfidfVectorizer(strip_accents="ascii"),
    "case": CountVectorizer(lowercase=False, ngram_range=(2, 3)),
    "single-precision": TfidfVectorizer(dtype=np.float32, sublinear_tf=True),
    "counts-then-tfidf": make_pipeline(CountVectorizer(binary=True), TfidfTransformer(smooth_idf=False)),
    "own-vocabulary": CountVectorizer(
        vocabulary=["york", "new york", "film", "not a", ""], ngram_range=(1, 2)
    ),
}
CHARACTERS = {
    "char": TfidfVectorizer(analyzer="char", ngram_range=(2, 4)),
    "char-single": CountVectorizer(analyzer="char", lowercase=False),
    "char-accents": CountVectorizer(analyzer="char", ngram_range=(1, 2), strip_accents="unicode"),
    "char-wb": TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)),
    "char-wb-long": TfidfVectorizer(analyzer="char_wb", ngram_range=(6, 8), sublinear_tf=True),
    "char-wb-single": CountVectorizer(analyzer="char_wb", ngram_range=(1, 3)),
}
HASHED = {
    "hashing": HashingVectorizer(),
    "hashing-few": HashingVectorizer(n_features=7, norm="l1", ngram_range=(1, 2)),
    "hashing-binary": HashingVectorizer(n_features=16, binary=True, norm=None),
    "hashing-unsigned": HashingVectorizer(
        n_features=1000, alternate_sign=False, norm=None, stop_words="english"
    ),
    "hashing-char": HashingVectorizer(n_features=2**18, analyzer="char", ngram_range=(1, 3)),
    "hashing-char-wb": HashingVectorizer(
        n_features=2**31 - 2, analyzer="char_wb", ngram_range=(4, 5), dtype=np.float32
    ),
}
UNIONS = {
    "union": FeatureUnion(
        [
            ("words", TfidfVectorizer()),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))),
        ],
        transformer_weights={"words": 0.7, "characters": 1.3},
    ),
    "union-of-hashed": FeatureUnion(
        [("a", HashingVectorizer(n_features=100)), ("b", CountVectorizer(dtype=np.float32))],
        transformer_weights={"b": 0.1},
    ),
}
PATTERNS = [
    r"\S+",
    r"[^,]+",
    r"\b[^\d\W]+\b",
    r"(?u)\b\w+(?:[-']\w+)*\b",
    r"\w*",
    r"(\w+)\s",
    r"\b(new)?\s?york\b",
    r"\d+|[^\W\d_]+",
    r".{3}",
    r"[\w.-]+@[\w.-]+",
    r"\b[a-zA-Z]{3,}\b",
    r"\w{2,4}?",
    r"\B\w+\B",
    r"[^\s\w]|\w+",
    r"[]a-f\-\u00e9]+",
    r"\w\W\w|\bfilm\b|x{,2}",
]


def read(model, files: VersionFiles, where: str) -> Node:
    """The model as the exporter reads it."""
    if isinstance(model, FeatureUnion):
        parts = [(name, read(part, files, where)) for name, part in model.transformer_list]
        return union([part for _, part in parts], [model.transformer_weights.get(name) for name, _ in parts])
    if isinstance(model, TfidfVectorizer):
        return read_tfidf_vectorizer(model, files, where)
    if isinstance(model, CountVectorizer):
        return read_count_vectorizer(model, files, where)
    if isinstance(model, HashingVectorizer):
        return read_hashing_vectorizer(model, files, where)
    counts, tfidf = model
    return read_tfidf_transformer(tfidf, files, where, read(counts, files, where))


def write_version(folder: Path, node: Node, files: VersionFiles, **spec) -> None:
    """The folder of a version, as far as features go."""
    spec |= {"format": 1, "root": node.step, "dtype": node.dtype, "width": node.width}
    spec |= {"unicode": files.add_json("unicode", unicode_tables())}
    files.put("features.json", dump_json(spec))
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def rows(model, texts: list[str]) -> list:
    """The entries of each text's row, or None where scikit-learn refuses the text."""
    try:
        matrix = model.transform(texts).tocsr()
    except UnicodeEncodeError:
        half = len(texts) // 2
        return rows(model, texts[:half]) + rows(model, texts[half:]) if half else [None]
    matrix.sort_indices()
    edges = matrix.indptr.tolist()
    return [
        [matrix.indices[begin:end].tolist(), matrix.data[begin:end].tolist()]
        for begin, end in pairwise(edges)
    ]


def write(folder: Path, model, lines: list[str], texts: list[str]) -> None:
    model.fit(lines)
    files = VersionFiles()
    write_version(folder, read(model, files, folder.name), files, input="text", layout="sparse")
    expected = {"texts": texts, "rows": rows(model, texts)}
    (folder / "expected.json").write_text(json.dumps(expected), "ascii")


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    texts = HARD + SENTENCES + random_texts(2, 300) + [LONG]
    for name, model in (WORDS | CHARACTERS).items():
        write(folder / name, model, LINES, texts)
    for name, model in (HASHED | UNIONS).items():
        write(folder / name, model, SENTENCES + VALID, texts[:-1] if "char" in name else texts)
    texts = HARD + SENTENCES + random_texts(3, 200)
    for index, pattern in enumerate(PATTERNS):
        model = CountVectorizer(token_pattern=pattern, ngram_range=(1, 2))
        write(folder / f"pattern-{index}", model, LINES, texts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
