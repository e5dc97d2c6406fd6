from __future__ import annotations
from typing import Protocol
from board import Board
from ticks import Tick, parse_tick


class Source(Protocol):
    def poll(self) -> list[Tick]: ...


class ScriptedSource:
    def __init__(self, lines: list[str]) -> None:
        self._lines = list(lines)

    def poll(self) -> list[Tick]:
        batch, self._lines = self._lines[:2], self._lines[2:]
        return [parse_tick(line) for line in batch]


def drain(source: Source, board: Board) -> int:
    count = 0
    while batch := source.poll():
        for tick in batch:
            board.update(tick)
            count += 1
    return count
