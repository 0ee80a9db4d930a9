"""Exports a model of PyTorch by the command, and tells what PyTorch itself answers to texts.

`export.py REPOSITORY` reads JSON lines, a text each; a line out has its spans, in code points.
"""

import json
import re
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "tests_torch")]

import nets  # noqa: E402
import torch  # noqa: E402
from labelstudio_torch.cli import main  # noqa: E402

TAGS = ["O", "B-PER", "I-PER", "B-LOC"]
WORDS = [
    "<padding>",
    "<unknown>",
    "the",
    "film",
    "food",
    "was",
    "great",
    "awful",
    "i",
    "loved",
    "phone",
    "in",
]
PATTERN = r"\w+|[^\w\s]"


def write(repository: Path) -> torch.nn.Module:
    """Writes the model `mine` and returns it."""
    torch.manual_seed(3)
    model = nets.Attention()
    with torch.no_grad():
        model.head.weight *= 4
    weights, words, samples = (repository.parent / name for name in ("w.pt", "w.json", "rows.csv"))
    torch.save(model.state_dict(), weights)
    file = {"pattern": PATTERN, "lowercase": True, "vocabulary": WORDS, "unknown": 1, "padding": 0}
    words.write_text(json.dumps(file))
    samples.write_text("text\nthe film was great\ni loved the awful food in two days\n")
    arguments = [f"{nets.__file__}:Attention", "--weights", str(weights), "--task", "token-classification"]
    arguments += ["--labels", ",".join(TAGS), "--tokenizer", str(words), "--samples", str(samples)]
    main([*arguments, "--name", "mine", "--repository", str(repository)])
    return model.eval()


def spans(model: torch.nn.Module, text: str) -> list[dict]:
    """What the model marks: runs of a begin and its insides, an inside of nothing begins one."""
    places = [match.span() for match in re.finditer(PATTERN, text)]
    ids = [WORDS.index(word) if (word := text[a:b].lower()) in WORDS else 1 for a, b in places]
    if not ids:
        return []
    batch = torch.tensor([ids])
    with torch.no_grad():
        sure, best = torch.softmax(model(batch, torch.ones_like(batch))["logits"][0], dim=1).max(dim=1)
    found: list[dict] = []
    before = "O"
    for (start, end), tag, probability in zip(places, best.tolist(), sure.tolist(), strict=True):
        name = TAGS[tag]
        if name != "O":
            if not (name == "I-PER" and before in {"B-PER", "I-PER"}):
                found.append({"start": start, "label": name[2:], "words": []})
            found[-1] |= {"end": end, "words": [*found[-1]["words"], probability]}
        before = name
    return [
        {k: s[k] for k in ("start", "end", "label")}
        | {"text": text[s["start"] : s["end"]], "score": sum(s["words"]) / len(s["words"])}
        for s in found
    ]


if __name__ == "__main__":
    stdout, sys.stdout = sys.stdout, sys.stderr
    mine = write(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(spans(mine, json.loads(line))), file=stdout)
