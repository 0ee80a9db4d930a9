"""Reads a pickled model, and refuses one that these libraries would misread."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.exceptions import InconsistentVersionWarning

from .errors import ExportError


def load_model(path: Path) -> Any:
    """The fitted model in a joblib or pickle file. Only load files that you trust: loading runs their code.

    :raises ExportError: when the file cannot be read, or was made with another version of scikit-learn
    """
    where = str(path)
    if not path.is_file():
        raise ExportError(where, "there is no such file", "give the path of a joblib or pickle file")
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            model = joblib.load(path)
        except InconsistentVersionWarning as warning:
            made_with = warning.original_sklearn_version
            raise ExportError(
                where,
                f"it was made with scikit-learn {made_with}, and this is {sklearn.__version__}",
                f"install scikit-learn {made_with} here, or fit and save it again",
            ) from warning
        except (ImportError, AttributeError) as error:
            raise ExportError(
                where,
                f"it needs code that is not here ({error})",
                "install what it was made with, or fit it again",
            ) from error
        except (
            pickle.UnpicklingError,
            EOFError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            OSError,
        ) as error:
            raise ExportError(
                where, f"it is no pickle that can be read ({error!r})", "save it with joblib.dump()"
            ) from error
    if not hasattr(model, "predict"):
        raise ExportError(
            where, f"it holds {type(model).__name__}, which is no model", "save the fitted pipeline"
        )
    return model
