"""`coroom check`: do two changes still work together, or what is wrong with one tree?"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from coroom.checks.alone import in_one_tree, unread_in
from coroom.checks.engine import CannotRunError, Check, Report, judge, plug_ins
from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.checks.suites.check import SuiteCheck
from coroom.checks.types import CHECKERS, TypeChecker
from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.suite_options import isolation_option
from coroom.core.errors import Refused
from coroom.host.checks.checking import UnreadableError, branches_in, conflict_findings, everyday_checks, tree_in
from coroom.host.confined import confined
from coroom.host.door.clean import cleaned, one_line
from coroom.launch.isolation import Bounds

_DIRECTORY = click.Path(path_type=Path)

LINE_CHARS_MAX = 4_000
"""Of a path and of a side's places: others have named them."""


@click.command()
@click.option("--base", type=_DIRECTORY, help="The tree that both sides began from.")
@click.option("--ours", type=_DIRECTORY, help="The tree of one side.")
@click.option("--theirs", type=_DIRECTORY, help="The tree of the other side.")
@click.option("--merged", type=_DIRECTORY, help="What they became together.")
@click.option("--branches", nargs=2, metavar="A B", help="Two branches of the git repository here, merged in memory.")
@click.option(
    "--tree", type=_DIRECTORY, help="One tree by itself: what does not parse, was left over, or names nothing."
)
@click.option(
    "--types",
    type=click.Choice(["off", "auto", *CHECKERS]),
    default="off",
    show_default=True,
    help="Also run the type checker that the project is set up for (auto), or this one.",
)
@click.option(
    "--test",
    "test",
    is_flag=False,
    flag_value="",
    metavar="COMMAND",
    help="Also run the tests on the merged tree, with this command or the one that the project names.",
)
@isolation_option
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Leave out findings that are less sure than this.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
def check(
    base: Path | None,
    ours: Path | None,
    theirs: Path | None,
    merged: Path | None,
    branches: tuple[str, str] | None,
    tree: Path | None,
    types: str,
    test: str | None,
    isolation: str,
    sure: float,
    as_json: bool,
) -> None:
    """Find semantic conflicts: what holds in both sides alone and not in what they became together.

    A merge can be clean as text and still be a broken program: one side renames what the other newly calls, both add
    the same key, a value changes its type under a caller. Give four trees, or two branches of the repository here.
    Nothing is changed, and nothing is run unless --types or --test asks for it.

    \b
      coroom check --branches main feature
      coroom check --base B --ours O --theirs T --merged M --json
      coroom check --tree .

    Exits 0 when nothing is found, 1 when something is, 2 when the call or its input is wrong.
    """  # noqa: D301  click wants the character itself
    try:
        if tree is not None:
            if branches or any((base, ours, theirs, merged)):
                raise WrongCallError("--tree looks at one tree; leave the other trees and --branches out.")
            report = _alone(tree)
        else:
            slow, said = _slow(types, test, isolation)
            report = _together(base, ours, theirs, merged, branches, slow)
            report = replace(report, notes=(*said, *report.notes))
    except (UnreadableError, CannotRunError) as why:
        raise WrongCallError(str(why)) from why
    report = replace(report, findings=tuple(each for each in report.findings if each.confidence >= sure))
    if as_json:
        click.echo(json.dumps(document(report), ensure_ascii=False))
    else:
        _print(report)
    for note in report.notes:
        click.echo(f"note: {one_line(note, LINE_CHARS_MAX)}", err=True)
    sys.exit(1 if report.findings else 0)


def _slow(types: str, test: str | None, isolation: str) -> tuple[list[Check], list[str]]:
    """The checks that run something, and what is to be said about how."""
    found: list[Check] = [TypeChecker(types, Path())] if types != "off" else []
    if test is None:
        return found, []
    apart = confined(isolation, Bounds(), Path.cwd())
    if isinstance(apart, Refused):
        raise WrongCallError(str(apart))
    suite = SuiteCheck(test, Path.cwd(), lambda command, tree: apart.start(command, tree, tree.parent / "home"))
    return [*found, suite], [apart.said]


def _alone(tree: Path) -> Report:
    began = time.monotonic()
    huge: list[str] = []
    texts = tree_in(tree, huge)
    found, notes = tuple(in_one_tree(texts)), tuple(unread_in(texts, huge))
    return Report(findings=found, checked=("tree",), notes=notes, seconds=time.monotonic() - began)


def _together(
    base: Path | None, ours: Path | None, theirs: Path | None, merged: Path | None,
    branches: tuple[str, str] | None, slow: list[Check],
) -> Report:  # fmt: skip
    four, found, notes = _four(base, ours, theirs, merged, branches)
    report = judge(four, [*everyday_checks(), *plug_ins(), *slow])
    return replace(report, findings=(*found, *report.findings), notes=(*notes, *report.notes))


def _four(
    base: Path | None, ours: Path | None, theirs: Path | None, merged: Path | None, branches: tuple[str, str] | None
) -> tuple[Four, list[Finding], tuple[str, ...]]:
    """The four trees, what does not merge of them, and what is said of what is not looked at."""
    trees = [base, ours, theirs, merged]
    if branches:
        if any(trees):
            raise WrongCallError(
                "--branches takes the trees from git; leave --base, --ours, --theirs and --merged out."
            )
        both = branches_in(any_repository_at(Path()).git, *branches)
        return both.four, list(conflict_findings(both.conflicts)), tuple(unread_in({}, both.huge))
    given = [tree for tree in trees if tree is not None]
    if len(given) != len(trees):
        raise WrongCallError("Give --base, --ours, --theirs and --merged, or --branches A B. See coroom check --help.")
    huge: list[str] = []
    four = Four(*(tree_in(tree, huge) for tree in given))
    return four, [], tuple(unread_in({}, sorted(set(huge))))


def document(report: Report) -> dict[str, object]:
    """The report as the contract has it."""
    return {
        "findings": [
            {
                "kind": each.kind,
                "path": each.path,
                "line": each.line,
                "symbol": each.symbol,
                "message": each.message,
                "ours": list(each.ours),
                "theirs": list(each.theirs),
                "confidence": round(each.confidence, 2),
                "blocks": each.blocks,
            }
            for each in report.findings
        ],
        "checked": list(report.checked),
        "notes": list(report.notes),
        "seconds": round(report.seconds, 3),
    }


def _print(report: Report) -> None:
    for each in report.findings:
        where = f"{one_line(each.path, LINE_CHARS_MAX)}:{each.line}"
        click.echo(f"{where}: {each.kind}: {cleaned(each.message)}")
        sides = (one_line(", ".join(side) or "-", LINE_CHARS_MAX) for side in (each.ours, each.theirs))
        click.echo("    ours: {}   theirs: {}".format(*sides), color=False)
        click.echo(f"    sure: {each.confidence:.0%}{'' if each.blocks else ' (worth a look, holds nothing back)'}")
    count = len(report.findings)
    said = "nothing found" if not count else "1 finding" if count == 1 else f"{count} findings"
    click.echo(f"{said}; checked: {', '.join(report.checked)} ({report.seconds:.2f} s)", err=True)
