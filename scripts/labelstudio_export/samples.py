"""Rows on which the original and the exported model are compared: given ones and generated hard ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Samples:
    """Rows twice: as the original takes them, and as a task's value in JSON.

    `rows` is a list of texts, a DataFrame or an array; the first `given` rows came from the user.
    """

    rows: Any
    values: list[Any]
    given: int

    def take(self, indices: Sequence[int]) -> Samples:
        """Some of the rows."""
        rows = self.rows
        if hasattr(rows, "iloc"):
            chosen = rows.iloc[list(indices)]
        elif isinstance(rows, list):
            chosen = [rows[index] for index in indices]
        else:
            chosen = rows[list(indices)]
        given = sum(index < self.given for index in indices)
        return Samples(chosen, [self.values[index] for index in indices], given)


HARD_TEXTS = (
    "",
    " ",
    " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2028\u3000 ",
    "x",
    "plain ASCII words, with punctuation... and-hyphens; it's (what?) we're #used @to!",
    "3.14159 1,000,000 2026-01-02 0x1F ١٢٣ ४५६ Ⅷ ½ ²",
    "snake_case __dunder__ _ a_b_c",
    "Crème brûlée à la façade, naïve coöperation, Ångström, ﬁancée ﬀ ŉ ǆ",
    "Cre\u0300me bru\u0302le\u0301e a\u0328\u0301 \u0301\u0301 ạ̈ q\u0307\u0323",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Ёж ЙОД",
    "ΣΊΣΥΦΟΣ Σ ΑΣ. ὈΔΥΣΣΕΎΣ ΌΣΟΣ ΣΑΣ' σς",
    "İstanbul I ı i İİ DİYARBAKIR ISPARTA",
    "السلام عليكم مَرْحَبًا بِكُمْ كتـــاب",
    "नमस्ते दुनिया क्षत्रिय ज़िंदगी",
    "这是一个测试，机器学习很有趣。中文 mixed 文本",
    "これはテストです。カタカナ ﾊﾝｶｸ ゛゜が が",
    "สวัสดีครับ นี่คือการทดสอบ",
    "안녕하세요 세계 \u1112\u1161\u11ab\u1100\u1173\u11af",
    "👩‍👩‍👧‍👦 family 👍🏽 🇩🇪 ❤️ 1️⃣ 🏴\U000e0067\U000e0062\U000e007f",
    "no\xa0break\u202fspaces\u2009thin\u200bzero\u2060width\ufeffbom",
    "\ufeffBOM first",
    "tab\tnew\nline\r\nreturn\rform\x0cfeed",
    "NUL\x00inside and \x01\x02\x7f\x9f controls",
    "lone \ud83d surrogate \udc00 pair order \udc00\ud83d",
    "𝒜𝓁𝓁 𝖎𝖓 𝔪𝔞𝔱𝔥 𝟙𝟚𝟛 𐐀𐐨 Ⅸ ㎏ ①",
    "ẞ ß STRASSE straße ſ K Å ǅ Ǆ ŸÖÜ",
    "word " * 300,
    "a" * 3000,
    "the not good bad not not good the the the great great!!! ???",
)


def long_text(texts: Sequence[str], length: int = 100_000) -> str:
    """A text of about `length` characters made of the given ones."""
    joined = " ".join(texts) or "long "
    return (joined + " ") * (length // (len(joined) + 1)) + joined[: length % (len(joined) + 1)]


def text_samples(texts: Sequence[str]) -> Samples:
    """The given texts, and hard ones."""
    rows = [*texts, *HARD_TEXTS, long_text(texts)]
    return Samples(rows, list(rows), len(texts))
