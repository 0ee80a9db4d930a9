"""The writer: all of a version or nothing, and never half of one in sight."""

import hashlib
import json
from datetime import datetime, timezone

import pytest

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.writer import Draft, same_content, staged

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def draft(content: bytes = b"model", name: str = "label", kind: str = "text") -> Draft:
    files = VersionFiles()
    files.put("model.onnx", content)
    files.add_json("vocabulary", ["a", "\ud800"])
    outputs = [{"name": name, "tensor": "probabilities", "kind": "probabilities", "labels": ["a", "b"]}]
    manifest = {"format": 1, "title": "t", "input": {"kind": kind}, "outputs": [{"name": name}]}
    return Draft(files, outputs, manifest)


def write(repository, a_draft, parity=None):
    with staged(repository / "spam" / "versions", a_draft, CREATED) as stage:
        return stage.commit(parity or {"rows": 1})


def test_writes_a_complete_version(tmp_path):
    folder = write(tmp_path, draft())
    assert folder.parent == tmp_path / "spam" / "versions"
    assert folder.name.startswith("20260102-030405-")
    record = json.loads((folder / "version.json").read_text())
    assert record["created"] == "2026-01-02T03:04:05Z"
    assert record["parity"] == {"rows": 1}
    assert set(record["files"]) == {"model.onnx", "vocabulary.json"}
    for name, digest in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert json.loads((tmp_path / "spam" / "model.json").read_text())["input"] == {"kind": "text"}
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_the_name_follows_the_content(tmp_path):
    first, same, other = draft(), draft(), draft(b"another")
    assert first.content_hash() == same.content_hash() != other.content_hash()
    folder = write(tmp_path, first)
    assert same_content(folder.parent, same) == folder
    assert same_content(folder.parent, other) is None


def test_what_is_not_committed_is_removed(tmp_path):
    with pytest.raises(RuntimeError), staged(tmp_path / "spam" / "versions", draft(), CREATED) as stage:
        assert (stage.folder / "model.onnx").exists()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_keeps_an_existing_manifest(tmp_path):
    (tmp_path / "spam").mkdir()
    manifest = json.dumps(draft().manifest | {"title": "mine"})
    (tmp_path / "spam" / "model.json").write_text(manifest)
    write(tmp_path, draft())
    assert (tmp_path / "spam" / "model.json").read_text() == manifest


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (draft(kind="tabular"), "takes 'text', this pipeline takes 'tabular'"),
        (draft(name="stars"), r"names the outputs \['label'\]"),
    ],
)
def test_refuses_a_version_that_the_manifest_does_not_describe(tmp_path, other, message):
    write(tmp_path, draft())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ExportError, match=message):
        write(tmp_path, other)
    assert sorted(tmp_path.rglob("*")) == before


IMAGE = {"kind": "image", "width": 32, "height": 32, "mean": (0.1, 0.2, 0.3)}
COLUMNS = [{"name": f"column {number}", "kind": "number"} for number in range(20)]


def of_input(source: dict, content: bytes = b"model") -> Draft:
    made = draft(content)
    return Draft(made.files, made.outputs, {**made.manifest, "input": source})


@pytest.mark.parametrize(
    ("first", "second", "messages"),
    [
        (IMAGE, {**IMAGE, "width": 64}, ["'width' is 32 there, and 64 in this export"]),
        (
            IMAGE,
            {**IMAGE, "mean": (0, 0, 0), "fit": "crop"},
            [
                "'fit' is missing there, and \"crop\" in this export",
                "'mean' is [0.1, 0.2, 0.3] there, and [0, 0, 0] in this export",
            ],
        ),
        (
            {**IMAGE, "color": "opencv"},
            IMAGE,
            ["'color' is \"opencv\" there, and none in this export"],
        ),
        (
            {"kind": "tabular", "columns": COLUMNS},
            {"kind": "tabular", "columns": [*COLUMNS[:-1], {"name": "age", "kind": "number"}]},
            [
                'is [{"name": "column 19", "kind": "number"}] there',
                'and [{"name": "age", "kind": "number"}] in',
            ],
        ),
        (
            {"kind": "tabular", "columns": COLUMNS},
            {"kind": "tabular", "columns": COLUMNS[::-1]},
            ['\'columns\' is [{"name": "column 0"', 'and [{"name": "column 19"'],
        ),
        (
            {"kind": "tabular"},
            {"kind": "tabular", "columns": COLUMNS[:1]},
            ['\'columns\' is missing there, and [{"name": "column 0"'],
        ),
    ],
)
def test_refuses_a_version_that_would_be_served_with_another_input(tmp_path, first, second, messages):
    write(tmp_path, of_input(first))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ExportError) as refusal:
        write(tmp_path, of_input(second, b"another"))
    for message in [*messages, "model.json", "change or remove that file, or choose another --name"]:
        assert message in str(refusal.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_same_input_is_exported_again_under_another_title(tmp_path):
    write(tmp_path, of_input(IMAGE))
    manifest = tmp_path / "spam" / "model.json"
    mine = json.dumps(json.loads(manifest.read_text()) | {"title": "mine", "description": "d"})
    manifest.write_text(mine)
    write(tmp_path, of_input(IMAGE, b"another"))
    assert manifest.read_text() == mine
    assert len(list((tmp_path / "spam" / "versions").iterdir())) == 2


def test_a_version_with_its_own_input_needs_the_same_kind_alone(tmp_path):
    write(tmp_path, of_input(IMAGE))
    other = of_input({**IMAGE, "width": 64}, b"another")
    other.input = other.manifest["input"]
    write(tmp_path, other)
    assert len(list((tmp_path / "spam" / "versions").iterdir())) == 2


def test_equal_files_are_kept_once():
    files = VersionFiles()
    assert files.add("idf", "f64", b"1") == "idf.f64"
    assert files.add("idf", "f64", b"2") == "idf-2.f64"
    assert files.add("idf", "f64", b"1") == "idf.f64"
