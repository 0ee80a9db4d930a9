"""Models whose version.json has format 1 are brought to the present one by `upgrade_model.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_writer import draft, write

from labelstudio_export.upgrade import main

SCRIPT = Path(__file__).resolve().parents[1] / "upgrade_model.py"


def old_model(root: Path, source: dict, output: dict | None = None) -> Path:
    """A model with one version of format 1."""
    made = draft(kind=source["kind"])
    made.outputs[0].update(output or {})
    folder = write(root, made)
    edit(folder / "version.json", {"format": 1, "metrics": {"accuracy": 0.5}})
    edit(root / "spam" / "model.json", {"input": source})
    return folder


def edit(path: Path, changes: dict) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def upgraded(model: Path, old: Path) -> dict:
    (new,) = [folder for folder in (model / "versions").iterdir() if folder != old]
    assert {file.name for file in new.iterdir()} == {file.name for file in old.iterdir()}
    return json.loads((new / "version.json").read_text())


def test_needs_no_package(tmp_path):
    old = old_model(tmp_path, {"kind": "text"})
    isolated = [sys.executable, "-I", "-S", str(SCRIPT), str(tmp_path / "spam")]
    code = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); sys.argv = {isolated[3:]!r}\n"
    done = subprocess.run(
        [*isolated[:3], "-c", code + SCRIPT.read_text()], check=True, capture_output=True, text=True
    )
    assert "was written in the place of" in done.stdout
    before = json.loads((old / "version.json").read_text())
    after = upgraded(tmp_path / "spam", old)
    assert after["format"] == 2
    for same in ("files", "outputs", "metrics", "parity", "tools"):
        assert after[same] == before[same]


@pytest.mark.parametrize(
    ("source", "output", "declared"),
    [
        ({"kind": "image", "width": 8, "height": 8}, {}, {"resample": "bilinear"}),
        ({"kind": "video", "width": 8, "height": 8, "kernel": "cubic"}, {}, {"resample": "bicubic"}),
        ({"kind": "image", "width": 8, "height": 8, "shortest_edge": 9}, {}, {"resample": "bilinear"}),
        (
            {"kind": "image", "width": 8, "height": 8, "fit": "letterbox"},
            {"kind": "yolo"},
            {"resample": "opencv-linear", "color": "opencv"},
        ),
        (
            {"kind": "image-prompts", "width": 8, "height": 8, "fit": "letterbox"},
            {},
            {"resample": "bilinear", "pad": "after"},
        ),
    ],
)
def test_images_are_declared_as_now(tmp_path, capsys, source, output, declared):
    old = old_model(tmp_path, source, output)
    main([str(tmp_path / "spam")])
    manifest = json.loads((tmp_path / "spam" / "model.json").read_text())
    kept = {name: value for name, value in source.items() if name not in {"kernel", "shortest_edge"}}
    assert manifest["input"] == {**kept, **declared}
    assert upgraded(tmp_path / "spam", old)["format"] == 2
    said = capsys.readouterr().out
    for name, value in declared.items():
        assert f'the input has "{name}": "{value}" now' in said
    assert said.endswith("\nif the model was trained with others, change them in model.json\n")


def test_what_is_known_better_is_said(tmp_path):
    old_model(tmp_path, {"kind": "image", "width": 8, "height": 8})
    main([str(tmp_path / "spam"), "--resample", "opencv-linear", "--color", "opencv"])
    declared = json.loads((tmp_path / "spam" / "model.json").read_text())["input"]
    assert (declared["resample"], declared["color"]) == ("opencv-linear", "opencv")


def test_active_names_the_new_version(tmp_path):
    old = old_model(tmp_path, {"kind": "text"})
    active = tmp_path / "spam" / "active"
    active.write_text(f"{old.name}\n")
    main([str(tmp_path / "spam")])
    name = active.read_text().strip()
    assert name != old.name and (tmp_path / "spam" / "versions" / name).is_dir()


def test_a_second_time_writes_nothing(tmp_path, capsys):
    old = old_model(tmp_path, {"kind": "text"})
    main([str(tmp_path / "spam")])
    main([str(tmp_path / "spam")])
    assert "has format 2 already: nothing was written" in capsys.readouterr().out
    assert len(list(old.parent.iterdir())) == 2


def test_options_for_a_version_of_the_present_format_are_refused(tmp_path):
    source = {"kind": "image", "width": 8, "height": 8}
    old = old_model(tmp_path, source)
    main([str(tmp_path / "spam")])
    manifest = (tmp_path / "spam" / "model.json").read_text()
    with pytest.raises(SystemExit) as refusal:
        main([str(tmp_path / "spam"), "--resample", "opencv-linear", "--color", "opencv"])
    said = str(refusal.value)
    assert "has format 2 already, so nothing was written" in said
    assert 'set "resample": "opencv-linear", "color": "opencv" in the input of its model.json' in said
    assert (tmp_path / "spam" / "model.json").read_text() == manifest
    assert len(list(old.parent.iterdir())) == 2


def test_an_input_of_the_version_is_changed_there(tmp_path, capsys):
    source = {"kind": "image", "width": 8, "height": 8}
    old = old_model(tmp_path, source)
    edit(old / "version.json", {"input": source})
    main([str(tmp_path / "spam")])
    assert "change them in version.json" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"in the input of its version\.json"):
        main([str(tmp_path / "spam"), "--color", "opencv"])


def test_options_of_images_are_refused_for_other_inputs(tmp_path):
    old = old_model(tmp_path, {"kind": "text"})
    with pytest.raises(SystemExit, match="its input is 'text', which does not have --resample"):
        main([str(tmp_path / "spam"), "--resample", "box"])
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda old: (old / "model.onnx").write_bytes(b"other"), "it was changed after its export"),
        (lambda old: old.rename(old.with_name("x")), "it has no version"),
        (lambda old: (old.parents[1] / "model.json").unlink(), "name the folder that model.json is in"),
    ],
)
def test_says_what_cannot_be(tmp_path, spoil, message):
    spoil(old_model(tmp_path, {"kind": "text"}))
    with pytest.raises(SystemExit, match=message):
        main([str(tmp_path / "spam")])
