"""`coroom evaluate rescore`: published runs judged again by parsers and a type checker."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from coroom.checks.stored_outputs import NoOutputsError, stored_outputs
from coroom.cli.place import WrongCallError
from coroom.cli.progress import counted
from coroom.core.codec import Json
from coroom.evaluate.rescore.codecrdt import MODES, Cell, rescored, total
from coroom.evaluate.rescore.typescript import PACKAGES, NoCompilerError, compiler

_COLUMNS = (
    *("task", "mode", "runs", "texts", "no parse", "leaked", "no parse*", "TODO left", "twice", "unknown"),
    *("types ok", "types ok*", "usable", "s", "chars", "| published:", "s", "chars", "err/1k", "score"),
)

_MEANING = """
runs: stored outputs; texts: different ones among them. no parse: the parser declines it. leaked: tags of tool
calls stand in the program. *: with these tags taken out first. TODO left: a placeholder was never filled.
twice, unknown: a name is declared twice, or by nobody. types ok: it parses and the type checker finds nothing.
usable: none of all this. s and chars: plain means; published: the paper's trimmed seconds, its characters, its
TypeScript errors in 1,000 characters and its judge's score of 100. It reports every run as complete."""


@click.command("rescore")
@click.argument("paper", type=click.Choice(["codecrdt"]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--no-types", is_flag=True, help="Leave types out: no Node.js is needed then.")
@click.option(
    "--typescript",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder whose node_modules has typescript (default: a cache, filled by npm the first time).",
)
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def rescore(paper: str, path: Path, no_types: bool, typescript: Path | None, as_document: bool) -> None:
    """Judge the stored outputs of a published evaluation again, beside what was published of them.

    PAPER is codecrdt; PATH is a checkout of github.com/spugachev/CodeCRDT, or a folder of its results (*_run*.json).

    \b
    git clone https://github.com/spugachev/CodeCRDT
    coroom evaluate rescore codecrdt CodeCRDT

    Each of the 600 texts is parsed, searched for markup of tool calls and for placeholders, for names declared twice or
    by nobody, and type-checked by itself with TypeScript (Node.js and npm are needed; --no-types does without). Nothing
    of the texts is run. Exits 0.
    """  # noqa: D301  click wants the character itself
    del paper
    if not path.exists():
        raise WrongCallError(f"There is no {path}. Name a checkout of github.com/spugachev/CodeCRDT.")
    try:
        next(stored_outputs(path))  # before a compiler is fetched for nothing
        home = None if no_types else compiler(typescript)
        with counted("outputs") as progress:
            cells = rescored(path, home, progress)
    except (NoOutputsError, NoCompilerError) as problem:
        raise WrongCallError(f"{str(problem).removesuffix('.')}.") from problem
    sums = [found for mode in MODES if (found := total(cells, mode))]
    if as_document:
        compilers: list[Json] = [] if no_types else list(PACKAGES)
        document: dict[str, Json] = {
            "cells": [cell.document() for cell in cells],
            "all": [cell.document() for cell in sums],
            "compiler": compilers,
        }
        click.echo(json.dumps(document))
        return
    _print([*cells, *sums])


def _print(cells: Sequence[Cell]) -> None:
    lines = [_COLUMNS, *(_line(cell) for cell in cells)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_COLUMNS))]
    for line in lines:
        first, *rest = (
            word.ljust(width) if at < 2 else word.rjust(width)
            for at, (word, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join([first, *rest]).rstrip())
    click.echo(_MEANING)


def _line(cell: Cell) -> tuple[str, ...]:
    told = cell.published
    ours = (
        cell.outputs, cell.distinct, cell.unparsable, cell.leaked, cell.unparsable_stripped, cell.placeholder,
        cell.duplicate, cell.undefined, cell.clean, cell.stripped_clean, cell.usable,
    )  # fmt: skip
    theirs = (
        (f"{told.seconds:.2f}", f"{told.characters:,}", f"{told.errors_per_1k:.2f}", f"{told.score:.2f}")
        if told
        else ("-",) * 4
    )
    counted_ = tuple("-" if count is None else str(count) for count in ours)
    return (cell.task, cell.mode, *counted_, f"{cell.seconds:.2f}", f"{cell.characters:,.0f}", "|", *theirs)
