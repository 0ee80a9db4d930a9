"""What a person can get wrong, said in one line."""

from __future__ import annotations


class ExportError(Exception):
    """An export that cannot be made: where, what is wrong there, and what to do about it."""

    def __init__(self, where: str, what: str, todo: str) -> None:
        self.where = where
        self.what = what
        self.todo = todo
        super().__init__(" ".join(f"{where}: {what}; {todo}".split()))
