"""The preview."""

import re
from typing import Any

from markdown_editor import toolbar
from markdown_editor.html import render

_COMMANDS = {name: getattr(toolbar, name) for name in ("bold", "italic", "code", "heading", "bullets", "link")}


class Editor:
    """A text, a selection, and what can be undone."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.selection = (0, 0)
        self.renders = 0
        self._done: list[tuple[str, tuple[int, int]]] = []
        self._undone: list[tuple[str, tuple[int, int]]] = []
        self._rendered: tuple[str, str] | None = None

    def edit(self, text: str) -> None:
        """The new text."""
        start, end = (min(place, len(text)) for place in self.selection)
        self._change(text, (start, end))

    def run(self, command: str, *args: Any) -> None:
        """A command of the toolbar."""
        if command not in _COMMANDS:
            message = f"no command: {command}"
            raise ValueError(message)
        text, start, end = _COMMANDS[command](self.text, *self.selection, *args)
        self._change(text, (start, end))

    def _change(self, text: str, selection: tuple[int, int]) -> None:
        if text != self.text:
            self._done.append((self.text, self.selection))
            self._undone.clear()
        self.text, self.selection = text, selection

    def undo(self) -> bool:
        """Back."""
        return self._step(self._done, self._undone)

    def redo(self) -> bool:
        """Forth."""
        return self._step(self._undone, self._done)

    def _step(self, source: list[tuple[str, tuple[int, int]]], target: list[tuple[str, tuple[int, int]]]) -> bool:
        if not source:
            return False
        target.append((self.text, self.selection))
        self.text, self.selection = source.pop()
        return True

    @property
    def html(self) -> str:
        """As it is shown."""
        if self._rendered is None or self._rendered[0] != self.text:
            self.renders += 1
            self._rendered = (self.text, render(self.text))
        return self._rendered[1]

    @property
    def words(self) -> int:
        """How many."""
        return len(re.findall(r"(?:[^\W_]|')+", self.text))
