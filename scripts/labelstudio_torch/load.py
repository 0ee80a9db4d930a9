"""Builds a PyTorch model from a Python file and its weights."""

from __future__ import annotations

import importlib.util
import inspect
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from labelstudio_export.errors import ExportError

_WEIGHTS = "save them with torch.save(model.state_dict(), ...)"


def load_model(entry: str, weights: Path) -> torch.nn.Module:
    """The model that a function of a Python file builds, with its weights, ready to answer.

    The file is run, so it must be one that you trust; weights are only read.

    :param entry: `FILE.py:FUNCTION`; the function takes nothing and returns a `torch.nn.Module`
    :param weights: a file with the `state_dict()` of such a model
    :raises ExportError: when there is no such function, or the weights are not of its model
    """
    model = _build(entry)
    state = _read_weights(weights)
    try:
        model.load_state_dict(state)
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = "; ".join(line.strip() for line in str(error).splitlines()[1:4]) or str(error)
        raise ExportError(
            str(weights),
            f"these weights are not of the model that {entry} builds: {reason}",
            "give the weights of this model, or the function that built theirs",
        ) from error
    return model.eval().requires_grad_(False)


def _build(entry: str) -> torch.nn.Module:
    path, _, name = entry.rpartition(":")
    if not path.endswith(".py") or not name:
        raise ExportError(entry, "it names no function of a Python file", "give FILE.py:FUNCTION")
    function = _functions(Path(path)).get(name)
    if function is None:
        there = sorted(_functions(Path(path)))
        raise ExportError(
            path,
            f"it has no function {name!r}; it has {', '.join(there) or 'none'}",
            "name one that builds the model",
        )
    try:
        model = function()
    except Exception as error:
        raise ExportError(
            entry, f"it fails: {_told(error)}", "let it build the model without arguments"
        ) from (error)
    if not isinstance(model, torch.nn.Module):
        raise ExportError(entry, f"it returns {type(model).__name__}", "let it return a torch.nn.Module")
    return model


def _functions(path: Path) -> dict[str, Callable[[], Any]]:
    """What can be called in a Python file, which is run once; what it imports is looked for beside it too."""
    where = str(path)
    name = f"_model_{path.resolve().as_posix()}"
    module = sys.modules.get(name)
    if module is None:
        if not path.is_file():
            raise ExportError(where, "there is no such file", "give the path of a Python file")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        sys.path.insert(0, str(path.resolve().parent))
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise ExportError(where, f"it cannot be run: {_told(error)}", "correct it") from error
        finally:
            sys.path.pop(0)
    own = {key: value for key, value in vars(module).items() if getattr(value, "__module__", None) == name}
    return {key: value for key, value in own.items() if inspect.isfunction(value) or inspect.isclass(value)}


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    where = str(path)
    if not path.is_file():
        raise ExportError(where, "there is no such file", "give the file of the model's weights")
    try:
        with warnings.catch_warnings():
            # Of pickles of another kind, which are then refused.
            warnings.simplefilter("ignore", UserWarning)
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ExportError(
            where, "it holds more than weights, or is no file of torch.save", _WEIGHTS
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise ExportError(where, f"it cannot be read ({_told(error)})", _WEIGHTS) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ExportError(where, "it holds no weights by name", _WEIGHTS)
    return state


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or '?').splitlines()[0]}"
