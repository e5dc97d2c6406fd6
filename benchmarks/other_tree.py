"""The tree that a benchmark compares this one with."""

import argparse
from pathlib import Path


def checkout(text: str) -> Path:
    """For argparse: the directory of a checkout of Coroom. Anything else would be measured with this tree's own code,
    which Python finds where the other has none.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    path = Path(text).resolve()
    if not (path / "src" / "coroom" / "__init__.py").is_file():
        message = f"{text} is no checkout of Coroom: `git worktree add ../before COMMIT` makes one"
        raise argparse.ArgumentTypeError(message)
    return path
