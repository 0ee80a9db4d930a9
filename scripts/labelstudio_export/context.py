"""What the emitters share: the graph, the features and the table of emitters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .errors import ExportError
from .files import VersionFiles
from .graph import GraphBuilder, Rows
from .nodes import Node, columns_node, numbers_node, union
from .outcome import Outcome


@dataclass(frozen=True)
class Raw:
    """Data as `predict` gets it: texts, or records with these columns (in the order of the fit).

    `single`: the one column comes as a list of values, not as a table of one column.
    """

    columns: tuple[str, ...] | None = None
    single: bool = False


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph, double [rows, width]."""

    name: str
    width: int


# What a model is given: raw data, rows of the feature engine, or something computed in the graph.
Data = Raw | Node | Tensor


@dataclass
class Context:
    """An export under way.

    `kinds` and `categories` say what the columns of records hold, by name. `single` says that something is
    computed in float32.
    """

    files: VersionFiles
    graph: GraphBuilder = field(default_factory=GraphBuilder)
    parts: list[tuple[Node, Rows]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    categories: dict[str, list[Any]] = field(default_factory=dict)
    single: bool = False

    @property
    def width(self) -> int:
        """Columns of the graph's input rows so far."""
        return sum(node.width for node, _ in self.parts)

    def note_column(self, name: str, kind: str, where: str) -> None:
        """Notes what a column of the records holds: `number`, `text` or `category`.

        :raises ExportError: when other steps take it for something else
        """
        known = self.kinds.setdefault(name, kind)
        if known != kind:
            raise ExportError(
                where,
                f"it takes the column {name!r} for a {kind}, and another step for a {known}",
                "use two columns",
            )

    def note_category(self, name: str, values: list[Any], where: str) -> None:
        """Notes that a column holds categories, and which; a missing one is None or NaN, as it was fitted."""
        self.note_column(name, "category", where)
        self.categories.setdefault(name, []).extend(values)

    def rows(self, node: Node) -> Rows:
        """The columns of the graph's input rows that hold this node's rows."""
        for known, rows in self.parts:
            if known.step == node.step:
                return rows
        rows = Rows(self.width, node.width)
        self.parts.append((node, rows))
        return rows

    def numbers(self, data: Raw, where: str) -> Node:
        """All columns of records, as numbers.

        :raises ExportError: when the data are texts
        """
        if data.columns is None:
            raise ExportError(where, "it is given texts", "put it into a pipeline after a vectorizer")
        for name in data.columns:
            self.note_column(name, "number", where)
        return columns_node([(data.columns, numbers_node(len(data.columns)), None)])

    def root(self) -> Node:
        """The node whose rows are the graph's input."""
        nodes = [node for node, _ in self.parts]
        return nodes[0] if len(nodes) == 1 else union(nodes)

    def emit(self, model: Any, data: Data, where: str) -> Outcome:
        """Adds a fitted model to the graph.

        :raises ExportError: when this kind of model cannot be exported, or is not fitted
        """
        emitter = _EMITTERS.get(class_key(model))
        if emitter is None:
            raise ExportError(
                where,
                f"{type(model).__module__}.{type(model).__qualname__} cannot be exported",
                "use one of the scikit-learn, LightGBM or XGBoost models that scripts/README.md lists",
            )
        check_fitted(model, where)
        return emitter(self, model, data, where)


Emitter = Callable[[Context, Any, Data, str], Outcome]
_EMITTERS: dict[str, Emitter] = {}


def emits(*keys: str) -> Callable[[Emitter], Emitter]:
    """Registers an emitter for classes, each as `<package>.<class>`, such as `sklearn.Ridge`."""

    def register(emitter: Emitter) -> Emitter:
        for key in keys:
            assert key not in _EMITTERS, key
            _EMITTERS[key] = emitter
        return emitter

    return register


def emitter_keys() -> set[str]:
    """The classes that can be exported, as `emits` knows them."""
    return set(_EMITTERS)


def class_key(model: Any) -> str:
    """`<top package>.<class>` of a model; a subclass written elsewhere is another class."""
    return f"{type(model).__module__.partition('.')[0]}.{type(model).__qualname__}"


def check_fitted(model: Any, where: str) -> None:
    """:raises ExportError: when the model was not fitted."""
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ExportError(where, "it is not fitted", "call fit() on the pipeline before saving it") from error
