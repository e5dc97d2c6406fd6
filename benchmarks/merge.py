"""Replays real merge commits: our merge against `git merge-file` and against what the people committed.

    python benchmarks/merge.py REPOSITORY [REPOSITORY ...] [--files 300] [--suffix .py] [--json FILE]

Cases are the files that both parents of a merge commit changed since their single merge base. A case counts as
`same` when our text is what was committed (Python: the same syntax tree; else the same bytes but for blanks), as
`flagged` when we hold it or have a finding, and as `other` when we are silent and differ: an upper bound of wrong, for
people also edit while they merge.
"""

import argparse
import ast
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coroom.workspace.merge import Merged, merge


@dataclass(frozen=True, slots=True)
class Case:
    """One file of one merge commit."""

    commit: str
    path: str
    base: bytes
    ours: bytes
    theirs: bytes
    committed: bytes


def _git(repository: str, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=False).stdout


def _changed(repository: str, old: str, new: str) -> set[str]:
    listed = _git(repository, "diff-tree", "-r", "--no-renames", "--name-only", "--diff-filter=M", old, new)
    return set(listed.decode(errors="replace").splitlines())


def cases(repository: str, suffixes: tuple[str, ...], limit: int) -> Iterator[Case]:
    """Cases spread over the history of a repository, newest first."""
    listed = _git(repository, "log", "--merges", "--format=%H %P", "HEAD").decode().splitlines()
    found = 0
    for line in listed:
        commit, *parents = line.split()
        if len(parents) != 2:
            continue
        bases = _git(repository, "merge-base", "--all", *parents).decode().split()
        if len(bases) != 1:
            continue
        both = _changed(repository, bases[0], parents[0]) & _changed(repository, bases[0], parents[1])
        for path in sorted(each for each in both if each.endswith(suffixes)):
            texts = [_git(repository, "cat-file", "blob", f"{each}:{path}") for each in (bases[0], *parents, commit)]
            if texts[3] and texts[1] != texts[2] and texts[0] not in (texts[1], texts[2]):
                yield Case(commit, path, *texts)
                found += 1
                if found == limit:
                    return


def git_merge(case: Case, scratch: Path) -> tuple[bool, bytes, float]:
    """Whether git merges the case, its text, and the milliseconds."""
    names = [scratch / name for name in ("ours", "base", "theirs")]
    for name, text in zip(names, (case.ours, case.base, case.theirs), strict=True):
        name.write_bytes(text)
    start = time.perf_counter()
    done = subprocess.run(["git", "merge-file", "-p", *map(str, names)], capture_output=True, check=False)
    return done.returncode == 0, done.stdout, (time.perf_counter() - start) * 1000


def meaning(text: bytes, path: str) -> object:
    """What a text says, for comparison; None for Python that does not parse."""
    if not path.endswith(".py"):
        return text.split()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(text))
        except (SyntaxError, ValueError):
            return None


def verdict(merged: Merged, truth: object, path: str) -> str:
    """How our result compares with what was committed."""
    if merged.status == "held" or merged.findings:
        return "flagged"
    said = meaning(merged.text, path)
    return "no parse" if said is None else "same" if said == truth else "other"


def replay(repository: str, suffixes: tuple[str, ...], limit: int, *, verbose: bool) -> dict[str, object]:
    """The figures of one repository."""
    counts: Counter[str] = Counter()
    ours_ms: list[float] = []
    git_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(repository, suffixes, limit):
            truth = meaning(case.committed, case.path)
            if truth is None:
                continue
            clean, text, spent = git_merge(case, Path(folder))
            git_ms.append(spent)
            start = time.perf_counter()
            merged = merge(case.base, case.ours, case.theirs, case.path)
            ours_ms.append((time.perf_counter() - start) * 1000)
            kind = "conflict" if not clean else "right" if meaning(text, case.path) == truth else "wrong"
            result = verdict(merged, truth, case.path)
            counts[f"git {kind}: {result}"] += 1
            counts["verdict differs from git on lines"] += clean != (
                merged.layer in {"line", "identical"} and merged.status == "clean"
            )
            if verbose and (kind, result) not in {
                ("right", "same"),
                ("conflict", "flagged"),
                ("conflict", "same"),
                ("wrong", "other"),
            }:
                notes = [f"{each.kind} {each.symbol}" for each in merged.findings]
                print(f"  {kind} {result} {merged.layer} {case.commit[:12]} {case.path} {notes}", file=sys.stderr)
    return {
        "repository": Path(repository).name,
        "head": _git(repository, "rev-parse", "HEAD").decode().strip()[:12],
        "cases": len(ours_ms),
        "counts": dict(sorted(counts.items())),
        "ms": _spread(ours_ms),
        "git_ms": _spread(git_ms),
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "median": round(statistics.median(values), 2),
        "p95": round(ordered[int(len(ordered) * 0.95)], 2),
        "max": round(ordered[-1], 2),
    }


def main() -> None:
    """Run the replay and print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--suffix", action="append", default=[])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name each case that is not as hoped")
    options = parser.parse_args()
    suffixes = tuple(options.suffix) or (".py",)
    results = [replay(each, suffixes, options.files, verbose=options.verbose) for each in options.repositories]
    for result in results:
        print(f"{result['repository']} {result['head']}: {result['cases']} files")
        print(f"  ms {result['ms']}, git ms {result['git_ms']}")
        counts = result["counts"]
        assert isinstance(counts, dict)
        for name, count in counts.items():
            print(f"  {name:40} {count:5}")
    document = {"python": platform.python_version(), "git": _git(".", "version").decode().strip(), "results": results}
    print(json.dumps(document))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
