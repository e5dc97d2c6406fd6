"""`coroom bench pairs`: pairs of commits from histories, for `coroom bench plan` to judge."""

import json
from pathlib import Path

import click
from rich.console import Console

from coroom.cli.place import WrongCallError
from coroom.git.command import Git, GitFailed
from coroom.git.repository import NotUsable, Problem, inspect
from coroom.run.bench.pairs import pairs_of


def named_repositories(given: tuple[str, ...]) -> dict[str, Path]:
    """The directories by their names; what is not written so, or has no history, is refused."""
    named = {}
    for one in given:
        name, _, path = one.partition("=")
        if not (name and path):
            raise WrongCallError(f"'{one}' is no NAME=DIRECTORY. Give a repository like click=../click.")
        if not Path(path).is_dir():
            raise WrongCallError(f"There is no directory {path}. Give a repository like click=../click.")
        found = inspect(path, strict=False)
        # A clone without a checkout has a history, too.
        if isinstance(found, NotUsable) and found.what is not Problem.BARE:
            raise WrongCallError(f"{found.why} Give a whole clone, like click=../click.")
        named[name] = Path(path)
    return named


@click.command()
@click.argument("repositories", metavar="NAME=REPO…", nargs=-1, required=True)
@click.option("--each", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Pairs of each repository.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same pairs.")
def pairs(repositories: tuple[str, ...], each: int, seed: int) -> None:
    """Take pairs of nearby commits from histories, and say of each whether the second needs the first.

    It needs it when it does not apply without it, or says a name that only the first defines; nothing is run. One JSON
    object a line is printed, as coroom bench plan takes them. Each NAME=REPO is a whole clone.

    \b
      coroom bench pairs click=../click jinja=../jinja > pairs.jsonl
      coroom bench plan pairs.jsonl click=../click jinja=../jinja
    """  # noqa: D301  click wants the character itself
    progress = Console(stderr=True, highlight=False)
    for name, path in named_repositories(repositories).items():
        number = 0
        try:
            for number, row in enumerate(pairs_of(Git(path), name, each, seed), start=1):
                click.echo(json.dumps(row))
                progress.print(f"{name}: {number} of {each}: {row['label']}")
        except GitFailed as problem:
            raise WrongCallError(f"{path}: {problem}. Give a whole clone.") from problem
        if not number:
            raise WrongCallError(f"{path}: its history, as far as it is there, holds no pairs. Give a whole clone.")
        if number < each:
            progress.print(f"{name}: {number} of {each} are all that were found in its history.")
